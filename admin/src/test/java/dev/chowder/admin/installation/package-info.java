@NullMarked
package dev.chowder.admin.installation;

import org.jspecify.annotations.NullMarked;
