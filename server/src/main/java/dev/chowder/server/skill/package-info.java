/**
 * Serves {@code SkillService}: the skills of running agents, as their gateways report them. Stores
 * no skill, and never shows a configured value.
 */
@NullMarked
package dev.chowder.server.skill;

import org.jspecify.annotations.NullMarked;
