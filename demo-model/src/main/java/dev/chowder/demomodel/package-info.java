/**
 * A small OpenAI-compatible chat model that always returns the same reply to the same conversation.
 * It serves to try Chowder without a provider's key, and for tests that must know the model's
 * reply. It is not a language model.
 */
@NullMarked
package dev.chowder.demomodel;

import org.jspecify.annotations.NullMarked;
