/** Commands on the database of an installation, and the format of backups. */
@NullMarked
package dev.chowder.operate.admin.storage;

import org.jspecify.annotations.NullMarked;
