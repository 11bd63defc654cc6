package dev.chowder.key;

import dev.chowder.secret.Secret;

/** A key at the one moment at which its value is known. */
public record IssuedKey(String keyId, Secret value) {}
