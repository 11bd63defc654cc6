package dev.chowder.gateway;

import java.util.Arrays;
import java.util.Collection;

/**
 * Replaces many texts in one pass (Aho and Corasick, "Efficient string matching"). Takes 14 bytes
 * of memory for each character of these texts at most, and 8 more while it is created. Libraries
 * take more than a hundred, and a tenant chooses the texts.
 *
 * <p>The texts form a tree, whose edges are characters. Nodes are numbered level by level, so that
 * the children of a node have successive numbers, in the order of their characters.
 */
final class TextMatcher {
  private static final int ROOT = 0;

  /** The character that leads to a node from its parent. */
  private final char[] character;

  /** The first child of a node. Its children end where those of the next node begin. */
  private final int[] firstChild;

  /** The node of the longest proper ending of a node's text that is in the tree. */
  private final int[] ending;

  /** The length of the longest of the texts that ends at a node; 0 if none does. */
  private final int[] found;

  /**
   * Creates the matcher.
   *
   * @param texts texts of at least one character
   */
  TextMatcher(Collection<String> texts) {
    var sorted = texts.stream().distinct().sorted().toArray(String[]::new);
    int nodes = nodes(sorted);
    this.character = new char[nodes];
    this.firstChild = new int[nodes + 1];
    this.ending = new int[nodes];
    this.found = new int[nodes];
    addNodes(sorted, nodes);
    addEndings(nodes);
  }

  private static int nodes(String[] sorted) {
    int nodes = 1;
    var before = "";
    for (var text : sorted) {
      int mismatch = Arrays.mismatch(before.toCharArray(), text.toCharArray());
      nodes += text.length() - mismatch;
      before = text;
    }
    return nodes;
  }

  private void addNodes(String[] sorted, int nodes) {
    // The texts below a node are neighbors.
    int[] begin = new int[nodes];
    int[] end = new int[nodes];
    end[ROOT] = sorted.length;
    int added = 1;
    int depth = 0;
    int nextLevel = 1;
    for (int node = ROOT; node < nodes; node++) {
      if (node == nextLevel) {
        depth++;
        nextLevel = added;
      }
      firstChild[node] = added;
      int at = begin[node];
      if (at < end[node] && sorted[at].length() == depth) {
        found[node] = depth;
        at++;
      }
      while (at < end[node]) {
        char c = sorted[at].charAt(depth);
        character[added] = c;
        begin[added] = at;
        while (at < end[node] && sorted[at].charAt(depth) == c) at++;
        end[added] = at;
        added++;
      }
    }
    firstChild[nodes] = added;
  }

  private void addEndings(int nodes) {
    for (int node = ROOT; node < nodes; node++) {
      for (int child = firstChild[node]; child < firstChild[node + 1]; child++) {
        if (node != ROOT) ending[child] = next(ending[node], character[child]);
        // An ending is on a higher level, which is complete.
        if (found[child] == 0) found[child] = found[ending[child]];
      }
    }
  }

  /** Returns the text with the mask for each of the texts. Texts that overlap have one mask. */
  String replace(String text, String mask) {
    // Where the longest text ends that begins here.
    int[] end = new int[text.length()];
    int node = ROOT;
    boolean none = true;
    for (int i = 0; i < text.length(); i++) {
      node = next(node, text.charAt(i));
      if (found[node] == 0) continue;
      end[i + 1 - found[node]] = i + 1;
      none = false;
    }
    return none ? text : replace(text, mask, end);
  }

  private static String replace(String text, String mask, int[] end) {
    var result = new StringBuilder();
    for (int i = 0; i < end.length; ) {
      if (end[i] == 0) {
        result.append(text.charAt(i++));
        continue;
      }
      int last = end[i];
      while (++i < last) last = Math.max(last, end[i]);
      result.append(mask);
    }
    return result.toString();
  }

  private int next(int from, char c) {
    for (int node = from; ; node = ending[node]) {
      int child = Arrays.binarySearch(character, firstChild[node], firstChild[node + 1], c);
      if (child >= 0) return child;
      if (node == ROOT) return ROOT;
    }
  }
}
