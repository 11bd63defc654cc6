package dev.chowder.cli.output;

import java.util.ArrayList;
import java.util.List;

/** A table for people: columns are aligned, and unsafe characters of cells are escaped. */
public final class Table {
  private static final String GAP = "  ";
  private static final String EMPTY = "-";

  private final List<List<String>> rows = new ArrayList<>();
  private final int[] widths;

  public Table(String... titles) {
    this.widths = new int[titles.length];
    row(titles);
  }

  /** Adds a row, which has a cell for each title. */
  public Table row(String... cells) {
    if (cells.length != widths.length) {
      throw new IllegalArgumentException(
          "cells: must be %d; got %d".formatted(widths.length, cells.length));
    }
    var row = new ArrayList<String>(cells.length);
    for (int i = 0; i < cells.length; i++) {
      var cell = cells[i].isEmpty() ? EMPTY : Printable.line(cells[i]);
      widths[i] = Math.max(widths[i], width(cell));
      row.add(cell);
    }
    rows.add(row);
    return this;
  }

  /** Returns the lines, first the titles. */
  public List<String> lines() {
    return rows.stream().map(this::line).toList();
  }

  public void print(Output output) {
    lines().forEach(output::line);
  }

  /** Returns a line with the columns of this table. A cell that is too wide moves the others. */
  private String line(List<String> cells) {
    var line = new StringBuilder();
    for (int i = 0; i < cells.size(); i++) {
      if (i > 0) line.append(GAP);
      line.append(cells.get(i));
      if (i < cells.size() - 1) line.repeat(' ', widths[i] - width(cells.get(i)));
    }
    return line.toString();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
