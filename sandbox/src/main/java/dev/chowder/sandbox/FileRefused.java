package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.must;
import static dev.chowder.base.ErrorText.shown;

/**
 * Thrown if an operation on a file was rejected and changed nothing. The message names only the
 * caller's own path, so it may be shown to the caller.
 */
public final class FileRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The reason, for programs. */
  public enum Reason {
    /**
     * The path is invalid. The message has the form {@code must RULE}, for callers that add the
     * field.
     */
    BAD_PATH,
    /** No file or folder has the path. */
    NOT_FOUND,
    /** The destination already exists. */
    EXISTS,
    /** The folder is not empty. */
    NOT_EMPTY,
    /** The path is or contains a symbolic link. Links are never followed. */
    LINK,
    /** The operation does not support this kind of entry: a folder, a file, a fifo or a device. */
    WRONG_KIND,
    /** The content is larger than the caller's limit, or has more entries. */
    TOO_LARGE,
    /** The disk is full. */
    NO_SPACE
  }

  private final Reason reason;

  public FileRefused(Reason reason, String message) {
    // No stack trace, because this is a response and not a bug.
    super(message, null, false, false);
    this.reason = reason;
  }

  public static FileRefused notFound(String path) {
    return new FileRefused(Reason.NOT_FOUND, cannot("access " + shown(path), "it does not exist"));
  }

  public static FileRefused exists(String path) {
    return new FileRefused(
        Reason.EXISTS,
        cannot("move to " + shown(path), "it already exists", "set overwrite to replace it"));
  }

  public static FileRefused notEmpty(String path) {
    return new FileRefused(
        Reason.NOT_EMPTY, cannot("remove or replace " + shown(path), "the folder is not empty"));
  }

  public static FileRefused link(String path) {
    return new FileRefused(
        Reason.LINK,
        cannot("access " + shown(path), "it is a symbolic link, which is never followed"));
  }

  public static FileRefused folder(String path) {
    return new FileRefused(Reason.WRONG_KIND, must(shown(path), "be a file", "a folder"));
  }

  public static FileRefused noFolder(String path) {
    return new FileRefused(Reason.WRONG_KIND, must(shown(path), "be a folder"));
  }

  public static FileRefused special(String path) {
    return new FileRefused(
        Reason.WRONG_KIND, must(shown(path), "be a file or a folder", "a fifo, socket or device"));
  }

  public static FileRefused denied(String path) {
    return new FileRefused(
        Reason.WRONG_KIND,
        cannot("access " + shown(path), "its permissions exclude the sandbox's user"));
  }

  public static FileRefused intoItself(String path) {
    return new FileRefused(
        Reason.WRONG_KIND, must(shown(path), "be outside the folder that is moved"));
  }

  public static FileRefused tooLarge(String path, long bytes, long max) {
    return new FileRefused(
        Reason.TOO_LARGE, must(shown(path), "have at most " + max + " bytes", bytes));
  }

  public static FileRefused tooMany(String path, long max) {
    return new FileRefused(Reason.TOO_LARGE, must(shown(path), "have at most " + max + " entries"));
  }

  public static FileRefused tooDeep(String path, long max) {
    return new FileRefused(
        Reason.TOO_LARGE, must(shown(path), "have at most " + max + " levels of folders"));
  }

  public static FileRefused noSpace() {
    return new FileRefused(Reason.NO_SPACE, cannot("write the file", "the disk is full"));
  }

  public Reason reason() {
    return reason;
  }
}
