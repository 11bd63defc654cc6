package dev.chowder.checks.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PageTest {
  private static final Page PAGE =
      new Page(
          "page.md",
          """
          1. Do this:
             ```sh
             # First
             if true; then
               echo
             fi
             ```
          ```text
          # Twice
          ```
          ```sh
          # Twice
          ```
          | goal | command |
          |---|---|
          | stop | `compose down`; keeps `data` |
          | wait | nothing |
          """
              .lines()
              .toList());

  @Test
  void theCommandsOfAListLoseItsIndentation() {
    assertThat(PAGE.commands("# First")).isEqualTo("# First\nif true; then\n  echo\nfi\n");
  }

  @Test
  void theCommandsMustBeThereOnce() {
    assertThatThrownBy(() -> PAGE.commands("# Missing")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> PAGE.commands("# Twice")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void aRowOfATableHasTheCommandForAGoal() {
    assertThat(PAGE.commandFor("stop")).isEqualTo("compose down");
    assertThatThrownBy(() -> PAGE.commandFor("wait")).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> PAGE.commandFor("start")).isInstanceOf(IllegalStateException.class);
  }
}
