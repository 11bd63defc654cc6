package dev.chowder.sandbox;

/**
 * Why nothing was done with a file. Its message is in plain words, names nothing but the caller's
 * own path, and may be shown to the caller.
 */
public final class FileRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** For programs. */
  public enum Reason {
    /** The path is none. */
    BAD_PATH,
    /** Nothing is there. */
    NOT_FOUND,
    /** Something is there already. */
    EXISTS,
    /** The folder has something in it. */
    NOT_EMPTY,
    /** A symbolic link is there, or on the way: none is followed. */
    LINK,
    /** Something else is there than this can be done with: a folder, a file, a fifo, a device. */
    WRONG_KIND,
    /** More or larger than the caller's limit. */
    TOO_LARGE,
    /** The disk is full. */
    NO_SPACE
  }

  private final Reason reason;

  public FileRefused(Reason reason, String message) {
    // No stack trace: it is an answer, not a bug.
    super(message, null, false, false);
    this.reason = reason;
  }

  public static FileRefused notFound(String path) {
    return of(Reason.NOT_FOUND, path, "not there", "a path that is");
  }

  public static FileRefused exists(String path) {
    return of(Reason.EXISTS, path, "there already", "a name that is free");
  }

  public static FileRefused notEmpty(String path) {
    return of(Reason.NOT_EMPTY, path, "a folder with something in it", "an empty one");
  }

  public static FileRefused link(String path) {
    return of(Reason.LINK, path, "a symbolic link", "files and folders; no link is followed");
  }

  public static FileRefused folder(String path) {
    return of(Reason.WRONG_KIND, path, "a folder", "a file");
  }

  public static FileRefused noFolder(String path) {
    return of(Reason.WRONG_KIND, path, "no folder", "a folder");
  }

  public static FileRefused special(String path) {
    return of(Reason.WRONG_KIND, path, "a fifo, socket or device", "a file or a folder");
  }

  public static FileRefused denied(String path) {
    return of(Reason.WRONG_KIND, path, "closed by its permissions", "open to the sandbox's user");
  }

  public static FileRefused intoItself(String path) {
    return of(Reason.WRONG_KIND, path, "within what is moved", "elsewhere");
  }

  public static FileRefused tooLarge(String path, long bytes, long most) {
    return of(Reason.TOO_LARGE, path, bytes + " bytes", "at most " + most);
  }

  public static FileRefused tooMany(String path, long most) {
    return of(Reason.TOO_LARGE, path, "more entries", "at most " + most);
  }

  public static FileRefused tooDeep(String path, long most) {
    return of(Reason.TOO_LARGE, path, "deeper folders", "at most " + most + " in one another");
  }

  public static FileRefused noSpace() {
    return new FileRefused(Reason.NO_SPACE, "disk: full (expected: room for it)");
  }

  private static FileRefused of(Reason reason, String path, String got, String expected) {
    return new FileRefused(reason, path + ": " + got + " (expected: " + expected + ")");
  }

  public Reason reason() {
    return reason;
  }
}
