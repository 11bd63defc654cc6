/** Tests of the instance aggregate. */
@NullMarked
package dev.chowder.instance;

import org.jspecify.annotations.NullMarked;
