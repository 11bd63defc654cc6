/**
 * {@code SkillService}: the skills of running agents, as their gateways know them. Keeps nothing of
 * them, and shows no value that was configured.
 */
@NullMarked
package dev.chowder.server.skill;

import org.jspecify.annotations.NullMarked;
