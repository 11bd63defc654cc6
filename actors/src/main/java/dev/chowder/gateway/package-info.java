/**
 * What one gateway needs beside its processes: the work that an effect can request, its desired and
 * applied configuration, its token and secrets, its model provider, and the cause of its end. Does
 * not know when work is due, nor which thread performs it.
 */
@NullMarked
package dev.chowder.gateway;

import org.jspecify.annotations.NullMarked;
