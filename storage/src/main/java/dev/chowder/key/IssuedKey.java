package dev.chowder.key;

import dev.chowder.secret.Secret;

/** A key that was just created, with its value, which is not stored. */
public record IssuedKey(String keyId, Secret value) {}
