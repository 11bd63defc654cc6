package dev.chowder.cli.command;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import picocli.AutoComplete;
import picocli.CommandLine;

/**
 * Writes the completion script of bash, which zsh reads, too. picocli knows only fixed lists, so
 * names of instances and contexts are added to its script, which asks for them only when the user
 * completes one.
 */
final class BashCompletion {
  /** A fixed list with only the word that stands for a dynamic one. */
  private static final Pattern LIST =
      Pattern.compile("(?m)^ *local (\\w+)_(pos_param|option)_args=\\(\"@(\\w+)@\"\\).*\n");

  private static final Pattern EACH_FUNCTION = Pattern.compile("(?m)^(?=function )");

  /** zsh needs the {@code $} of {@code $COMP_CWORD}, which bash does not. */
  private static final String FUNCTION =
      """

      # Prints the names that complete the current word: those of instances, or of contexts.
      function _chowder_names() {
        "${COMP_WORDS[0]}" complete "$1" -- "${COMP_WORDS[@]:1:$COMP_CWORD}" 2>/dev/null </dev/null
      }
      """;

  private BashCompletion() {}

  static String script(CommandLine root) {
    var whole = AutoComplete.bash(root.getCommandName(), root);
    // The lists of one function must not change those of others with the same label.
    return EACH_FUNCTION
        .splitAsStream(whole)
        .map(BashCompletion::withNames)
        .collect(Collectors.joining("", "", FUNCTION));
  }

  private static String withNames(String function) {
    var text = function;
    for (var list = LIST.matcher(text); list.find(); list = LIST.matcher(text)) {
      var fixed = "compReplyArray \"${%s_%s_args[@]}\"".formatted(list.group(1), list.group(2));
      var dynamic =
          "compgen -W \"$(_chowder_names %s)\" -- \"${curr_word}\"".formatted(list.group(3));
      text = list.replaceFirst("").replace(fixed, dynamic);
    }
    return text;
  }
}
