/**
 * The model provider of an agent: its setup, its permitted addresses, and its list of models. Does
 * not know organizations.
 */
@NullMarked
package dev.chowder.openclaw.model;

import org.jspecify.annotations.NullMarked;
