package dev.chowder.openclaw.config;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The chat services that can reach an agent, and the fields that each needs. A field has a name for
 * callers and a path in OpenClaw's configuration. Knows no secret and no gateway.
 */
public enum Channel {
  TELEGRAM(
      Field.required("token", "botToken")
          .of("[0-9]{3,20}:[A-Za-z0-9_-]{10,100}", "a token from @BotFather")
          .describedAs("The bot's token, from @BotFather."),
      Field.optional("api_root", "apiRoot")
          .url()
          .describedAs("A Bot API server of your own, without /bot<token>.")),
  DISCORD(
      Field.required("token", "token")
          .of("[A-Za-z0-9._-]{20,200}", "a token from Discord's developer portal")
          .describedAs("The bot's token, from Discord's developer portal.")),
  SLACK(
      Field.required("bot_token", "botToken")
          .of("xoxb-[A-Za-z0-9-]{5,250}", "a token that starts with xoxb-")
          .describedAs("The bot user's OAuth token, xoxb-..."),
      Field.required("app_token", "appToken")
          .of("xapp-[A-Za-z0-9-]{5,250}", "a token that starts with xapp-")
          .describedAs("An app-level token with connections:write, xapp-...")),
  WHATSAPP,
  GOOGLECHAT(
      Webhook.at("/googlechat"),
      Field.required("audience_type", "audienceType")
          .of("app-url|project-number", "app-url or project-number")
          .describedAs("The audience that Google signs its calls for: app-url or project-number."),
      Field.required("audience", "audience")
          .describedAs("The webhook's URL, or the project's number."),
      Field.optional("service_account", "serviceAccount")
          .describedAs("The service account's key as JSON text. The agent needs it to answer.")),
  SIGNAL(
      Field.required("account", "account")
          .of("\\+[1-9][0-9]{5,14}", "a number such as +15551234567")
          .describedAs("The bot's number, such as +15551234567."),
      Field.optional("daemon_url", "transport.url")
          .url()
          .describedAs("The URL of your signal-cli daemon. The sandbox has none."),
      Field.optional("daemon_kind", "transport.kind")
          .of("external-native|container", "external-native or container")
          .describedAs("The kind of daemon: external-native (signal-cli itself) or container.")),
  MATRIX(
      Field.required("homeserver", "homeserver").url().describedAs("The homeserver's URL."),
      Field.required("user_id", "userId")
          .of("@[^:\\s]{1,200}:[^\\s]{1,200}", "@name:server")
          .describedAs("The bot's user id, @name:server."),
      Field.required("access_token", "accessToken").describedAs("The bot's access token.")),
  MSTEAMS(
      Webhook.at("/api/messages").onPort(3978),
      Field.required("app_id", "appId").describedAs("The bot's application (client) id."),
      Field.required("app_password", "appPassword").describedAs("The bot's client secret."),
      Field.required("tenant_id", "tenantId").describedAs("The directory (tenant) id.")),
  MATTERMOST(
      Field.required("bot_token", "botToken")
          .of("[A-Za-z0-9]{10,100}", "a token from Mattermost")
          .describedAs("The bot account's access token."),
      Field.required("base_url", "baseUrl").url().describedAs("The server's URL.")),
  NOSTR(
      Field.optional("private_key", "privateKey")
          .of("[0-9a-f]{64}|nsec1[0-9a-z]{58}", "64 hexadecimal digits or nsec1...")
          .describedAs("The agent's own key, hexadecimal or nsec1... Generated if left out.")),
  LINE(
      Webhook.at("/line/webhook"),
      Field.required("channel_access_token", "channelAccessToken")
          .describedAs("A long-lived channel access token."),
      Field.required("channel_secret", "channelSecret").describedAs("The channel secret."));

  /** How a caller connects a channel. */
  public enum Kind {
    /** With the values of its fields. */
    TOKEN,
    /** With a code that a person scans. */
    INTERACTIVE
  }

  /** The npm scope of the plugins that are not part of OpenClaw itself. */
  private static final String PLUGINS = "@openclaw/";

  @SuppressWarnings("ImmutableEnumChecker") // An Optional of an immutable record.
  private final Optional<Webhook> webhook;

  @SuppressWarnings("ImmutableEnumChecker") // Every list comes from List.of.
  private final List<Field> fields;

  Channel(Field... fields) {
    this(Optional.empty(), fields);
  }

  Channel(Webhook webhook, Field... fields) {
    this(Optional.of(webhook), fields);
  }

  Channel(Optional<Webhook> webhook, Field... fields) {
    this.webhook = webhook;
    this.fields = List.of(fields);
  }

  /** Returns the channel with this name; empty if there is none. */
  public static Optional<Channel> named(String id) {
    return Arrays.stream(values()).filter(channel -> channel.id().equals(id)).findFirst();
  }

  /** Returns the channel's name in the API and in OpenClaw. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  public Kind kind() {
    return this == WHATSAPP ? Kind.INTERACTIVE : Kind.TOKEN;
  }

  /** Returns the fields that a caller may set. */
  public List<Field> fields() {
    return fields;
  }

  /** Returns where the service calls the agent; empty if it makes no calls. */
  public Optional<Webhook> webhook() {
    return webhook;
  }

  /** Returns the port of the plugin that serves this path; empty if the gateway serves it. */
  public static Optional<Integer> portOfWebhook(String path) {
    return Arrays.stream(values())
        .flatMap(channel -> channel.webhook().stream())
        .filter(webhook -> webhook.path().equals(path))
        .flatMap(webhook -> webhook.port().stream())
        .findFirst();
  }

  /** Returns the npm package of the channel's plugin; empty if OpenClaw itself has the channel. */
  public Optional<String> plugin() {
    return this == TELEGRAM ? Optional.empty() : Optional.of(PLUGINS + id());
  }

  /** Returns the path of the setting that decides who may write to the agent. */
  List<String> policyPath() {
    return this == MATRIX ? List.of("dm", "policy") : List.of("dmPolicy");
  }

  /**
   * The address at which a service calls an agent.
   *
   * @param path the plugin's default path
   * @param port the port of the plugin's own listener in the sandbox; empty if the gateway listens
   */
  public record Webhook(String path, Optional<Integer> port) {
    private static Webhook at(String path) {
      return new Webhook(path, Optional.empty());
    }

    private Webhook onPort(int pluginPort) {
      return new Webhook(path, Optional.of(pluginPort));
    }
  }

  /**
   * A field of a channel.
   *
   * @param name the name in the API
   * @param path the dotted path in the channel's configuration
   * @param form the pattern of valid values
   * @param expected the form in words, as the end of "must be ..."; empty if any value is valid
   * @param description the text that the API returns
   */
  public record Field(
      String name,
      String path,
      boolean required,
      boolean isUrl,
      Pattern form,
      String expected,
      String description) {
    private static final Pattern ANY = Pattern.compile(".*", Pattern.DOTALL);

    private static Field required(String name, String path) {
      return new Field(name, path, true, false, ANY, "", "");
    }

    private static Field optional(String name, String path) {
      return new Field(name, path, false, false, ANY, "", "");
    }

    private Field of(String pattern, String inWords) {
      return new Field(name, path, required, isUrl, Pattern.compile(pattern), inWords, description);
    }

    private Field url() {
      return new Field(name, path, required, true, form, expected, description);
    }

    private Field describedAs(String text) {
      return new Field(name, path, required, isUrl, form, expected, text);
    }
  }
}
