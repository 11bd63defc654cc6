/** Runs the services of the server image. */
@NullMarked
package dev.chowder.operate.service;

import org.jspecify.annotations.NullMarked;
