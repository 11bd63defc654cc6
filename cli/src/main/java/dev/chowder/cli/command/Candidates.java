package dev.chowder.cli.command;

import java.util.Iterator;
import java.util.List;

/**
 * Values that shells offer for an argument. They are no limits: a later version of the server may
 * know more, and its error names them. Options whose type is an enum of the API are enums here,
 * too, because Envoy rejects other values without naming the valid ones.
 */
public abstract class Candidates implements Iterable<String> {
  private final List<String> values;

  private Candidates(String... values) {
    this.values = List.of(values);
  }

  @Override
  public Iterator<String> iterator() {
    return values.iterator();
  }

  /** Stands for a list that the script of a shell gets from the hidden command {@code complete}. */
  public abstract static class Dynamic extends Candidates {
    private final String kind;

    private Dynamic(String kind) {
      super("@" + kind + "@");
      this.kind = kind;
    }

    /** Returns what is listed, as the hidden command names it. */
    public String kind() {
      return kind;
    }
  }

  /** The names of instances. */
  public static final class Instances extends Dynamic {
    Instances() {
      super("instances");
    }
  }

  /** The names of contexts. */
  public static final class Contexts extends Dynamic {
    Contexts() {
      super("contexts");
    }
  }

  /** The model providers. */
  public static final class Providers extends Candidates {
    Providers() {
      super("anthropic", "openai", "gemini", "custom");
    }
  }

  /** The tiers that can be bought. */
  public static final class Tiers extends Candidates {
    Tiers() {
      super("crab", "lobster");
    }
  }

  /** The chat services. */
  public static final class Channels extends Candidates {
    Channels() {
      super(
          "telegram",
          "discord",
          "slack",
          "whatsapp",
          "googlechat",
          "signal",
          "matrix",
          "msteams",
          "mattermost",
          "nostr",
          "line");
    }
  }
}
