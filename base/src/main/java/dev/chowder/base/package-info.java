/** What every module needs: ids, the texts of errors, and planted faults. Knows no other module. */
@NullMarked
package dev.chowder.base;

import org.jspecify.annotations.NullMarked;
