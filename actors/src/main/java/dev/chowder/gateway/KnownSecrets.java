package dev.chowder.gateway;

import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.config.OverrideLedger;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds the secrets that an agent was given, so that text from its sandbox can be masked: its
 * gateway's tokens, its organization's provider keys, its channels' credentials and the sensitive
 * values of its overrides. Other secrets, and keys that were replaced since, are recognized only by
 * the shape of common keys. Blocks.
 */
public record KnownSecrets(SecretStore secrets, GatewayTokens tokens) {
  private static final String MASK = "***";

  /** The minimum length of a secret; a shorter text occurs in logs by chance. */
  private static final int MIN_LENGTH = 4;

  /** The minimum length of one line of a secret of several lines. */
  private static final int MIN_LINE = 12;

  /**
   * Matches bearer tokens, JSON web tokens, and keys of OpenAI, Anthropic, OpenRouter, Stripe,
   * Groq, xAI, Hugging Face, NVIDIA, Perplexity, GitHub, GitLab, Slack, Google and Telegram bots.
   *
   * <p>An agent controls the text, which may be long, so the time must be linear in its length. A
   * scan that can fail must be bounded, or must not start at every prefix. Therefore a JSON web
   * token must start at the beginning of a word, and the first digit of a key must be among 65
   * characters.
   */
  private static final Pattern SHAPES =
      Pattern.compile(
          "(?<=Bearer )[A-Za-z0-9._~+/-]{16,}+=*+"
              + "|(?<![A-Za-z0-9_-])(?=[A-Za-z0-9_-]*?(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10})"
              + "[A-Za-z0-9_-]++\\.[A-Za-z0-9_-]{10,}+\\.[A-Za-z0-9_-]*+"
              + "|(?<![A-Za-z0-9])(?:"
              + "(?:sk|pk|rk)[-_](?=[A-Za-z_-]{0,64}+[0-9])[A-Za-z0-9_-]{16,}+"
              + "|(?:gsk|xai|hf|nvapi|pplx)[-_][A-Za-z0-9_-]{20,}+"
              + "|(?:gh[opsur]|github_pat)_[A-Za-z0-9_]{20,}+"
              + "|glpat-[A-Za-z0-9_-]{20,}+"
              + "|x(?:ox[a-z]|app)-[A-Za-z0-9-]{10,}+"
              + "|AIza[A-Za-z0-9_-]{30,}+)"
              + "|(?<![0-9])[0-9]{6,12}+:[A-Za-z0-9_-]{30,}+");

  /**
   * Returns the secrets to mask in text from an instance's sandbox.
   *
   * @param overrides version of its overrides; empty if it has none
   * @param channels version of each of its channels, by the channel's name
   */
  public Masking of(
      InstanceId id, String organizationId, String overrides, Map<String, String> channels) {
    return of(id, organizationId, overrides, channels, Optional.empty());
  }

  /**
   * Returns the secrets to mask in text from an instance's sandbox.
   *
   * @param found a further secret, found in the sandbox
   */
  public Masking of(
      InstanceId id,
      String organizationId,
      String overrides,
      Map<String, String> channels,
      Optional<Secret> found) {
    var all = new ArrayList<Secret>();
    found.ifPresent(all::add);
    tokens.active(id).ifPresent(all::add);
    tokens.next(id).ifPresent(all::add);
    all.addAll(secrets.getAllOf(organizationId, SecretNames.PROVIDER_KEYS).values());
    if (!overrides.isEmpty()) {
      secrets
          .get(id.value(), SecretNames.overrides(overrides))
          .ifPresent(value -> all.addAll(OverrideLedger.of(value).secrets()));
    }
    channels.forEach(
        (channel, version) ->
            secrets
                .get(id.value(), SecretNames.channel(channel, version))
                .ifPresent(
                    value ->
                        DesiredChannel.of(value)
                            .config()
                            .values()
                            .forEach(v -> all.add(Secret.of(v)))));
    return new Masking(all);
  }

  /** Returns the text with {@code ***} for everything that has the shape of a common key. */
  static String maskShapes(CharSequence text) {
    return SHAPES.matcher(text).replaceAll(MASK);
  }

  /** Replaces secrets in text. */
  public static final class Masking {
    private final TextMatcher texts;

    Masking(Collection<Secret> secrets) {
      Set<String> all = new HashSet<>();
      for (var secret : secrets) {
        var text = secret.reveal();
        if (text.length() < MIN_LENGTH) continue;
        all.add(text);
        // Escaped as in JSON.
        all.add(text.replace("\\", "\\\\").replace("\n", "\\n").replace("\"", "\\\""));
        // Encoded as in a URL.
        all.add(URLEncoder.encode(text, StandardCharsets.UTF_8));
        // Line by line, as in a log.
        text.lines().map(String::strip).filter(l -> l.length() >= MIN_LINE).forEach(all::add);
      }
      this.texts = new TextMatcher(all);
    }

    /** Returns the text with {@code ***} for every secret. */
    public String mask(String text) {
      return maskShapes(texts.replace(text, MASK));
    }
  }
}
