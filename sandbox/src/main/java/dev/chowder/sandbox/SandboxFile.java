package dev.chowder.sandbox;

import com.google.protobuf.ByteString;

/** A file in a home directory: relative path, content, and permission bits such as 0600. */
public record SandboxFile(String path, ByteString content, int mode) {}
