/**
 * A small OpenAI-compatible chat model that always gives the same answer to the same conversation:
 * for trying Chowder without a provider's key, and for tests that must know what the model will
 * say. It is a demo, not a language model.
 */
@NullMarked
package dev.chowder.demomodel;

import org.jspecify.annotations.NullMarked;
