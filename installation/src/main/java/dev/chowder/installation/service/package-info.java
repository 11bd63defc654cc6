/** Runs the services of the server image. */
@NullMarked
package dev.chowder.installation.service;

import org.jspecify.annotations.NullMarked;
