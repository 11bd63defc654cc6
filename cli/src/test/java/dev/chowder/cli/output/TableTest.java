package dev.chowder.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void columnsAreAligned() {
    var table = new Table("NAME", "STATUS").row("a-long-name", "running").row("b", "stopped");
    assertThat(table.lines())
        .containsExactly("NAME         STATUS", "a-long-name  running", "b            stopped");
  }

  @Test
  void aNameCannotAddARowOrControlTheTerminal() {
    var table = new Table("NAME", "ID").row("a\nroot  1\u001b[2J", "x");
    assertThat(table.lines())
        .containsExactly("NAME                 ID", "a\\x0aroot  1\\x1b[2J  x");
  }

  @Test
  void anEmptyCellIsADash() {
    assertThat(new Table("A", "B").row("", "b").lines()).endsWith("-  b");
  }

  @Test
  void theNumberOfCellsIsChecked() {
    assertThatThrownBy(() -> new Table("A", "B").row("a"))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
