/** Chooses the model of agents, configures it in the organization, and runs the demo model. */
@NullMarked
package dev.chowder.operate.model;

import org.jspecify.annotations.NullMarked;
