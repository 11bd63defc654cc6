package dev.chowder.storage;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** Reads many rows page by page, so that a large table does not occupy the database for long. */
public final class Paging {
  private Paging() {}

  /**
   * Returns all pages, each of which is read after the previous one was consumed.
   *
   * @param size number of rows of a full page; a smaller one is the last
   * @param read returns the page after a position; empty for the first page
   * @param position returns the position of a row
   */
  public static <R, P> Stream<List<R>> pages(
      int size, Function<Optional<P>, List<R>> read, Function<R, P> position) {
    return Stream.iterate(
            Optional.of(read.apply(Optional.empty())),
            Optional::isPresent,
            page ->
                page.filter(full -> full.size() >= size)
                    .map(full -> read.apply(Optional.of(position.apply(full.getLast())))))
        .map(Optional::orElseThrow);
  }

  /** Returns the rows of all {@link #pages}. */
  public static <R, P> Stream<R> rows(
      int size, Function<Optional<P>, List<R>> read, Function<R, P> position) {
    return pages(size, read, position).flatMap(List::stream);
  }
}
