package dev.chowder.openclaw;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The chat services that an agent can be reached by, and what each needs to be told: under which
 * names callers say it, and where OpenClaw's configuration has it. Knows no secret and no gateway.
 */
public enum Channel {
  TELEGRAM(
      Kind.TOKEN,
      Source.OPENCLAW,
      List.of(
          Field.required("token", "botToken")
              .of("[0-9]{3,20}:[A-Za-z0-9_-]{10,100}", "as @BotFather gives it")
              .saying("The bot's token, from @BotFather."),
          Field.optional("api_root", "apiRoot")
              .url()
              .saying("A Bot API server of your own, without /bot<token>."))),
  DISCORD(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.required("token", "token")
              .of("[A-Za-z0-9._-]{20,200}", "as Discord's developer portal gives it")
              .saying("The bot's token, from Discord's developer portal."))),
  SLACK(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.required("bot_token", "botToken")
              .of("xoxb-[A-Za-z0-9-]{5,250}", "xoxb-...")
              .saying("The bot user's OAuth token, xoxb-..."),
          Field.required("app_token", "appToken")
              .of("xapp-[A-Za-z0-9-]{5,250}", "xapp-...")
              .saying("An app-level token with connections:write, xapp-..."))),
  WHATSAPP(Kind.INTERACTIVE, Source.PLUGIN, List.of()),
  GOOGLECHAT(
      Kind.TOKEN,
      Source.PLUGIN,
      Webhook.at("/googlechat"),
      List.of(
          Field.required("audience_type", "audienceType")
              .of("app-url|project-number", "app-url or project-number")
              .saying("What Google's calls are signed for: app-url or project-number."),
          Field.required("audience", "audience")
              .saying("The webhook's URL, or the project's number."),
          Field.optional("service_account", "serviceAccount")
              .saying("The service account's key, the JSON text; needed to answer."))),
  SIGNAL(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.required("account", "account")
              .of("\\+[1-9][0-9]{5,14}", "a number such as +15551234567")
              .saying("The bot's number, such as +15551234567."),
          Field.optional("daemon_url", "transport.url")
              .url()
              .saying("Where your signal-cli daemon listens; the sandbox has none."),
          Field.optional("daemon_kind", "transport.kind")
              .of("external-native|container", "external-native or container")
              .saying("What it is: external-native (signal-cli itself) or container."))),
  MATRIX(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.required("homeserver", "homeserver").url().saying("The homeserver's URL."),
          Field.required("user_id", "userId")
              .of("@[^:\\s]{1,200}:[^\\s]{1,200}", "@name:server")
              .saying("The bot's user id, @name:server."),
          Field.required("access_token", "accessToken").saying("The bot's access token."))),
  MSTEAMS(
      Kind.TOKEN,
      Source.PLUGIN,
      Webhook.at("/api/messages").onPort(3978),
      List.of(
          Field.required("app_id", "appId").saying("The bot's application (client) id."),
          Field.required("app_password", "appPassword").saying("Its client secret."),
          Field.required("tenant_id", "tenantId").saying("The directory (tenant) id."))),
  MATTERMOST(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.required("bot_token", "botToken")
              .of("[A-Za-z0-9]{10,100}", "as Mattermost gives it")
              .saying("The bot account's access token."),
          Field.required("base_url", "baseUrl").url().saying("The server's URL."))),
  NOSTR(
      Kind.TOKEN,
      Source.PLUGIN,
      List.of(
          Field.optional("private_key", "privateKey")
              .of("[0-9a-f]{64}|nsec1[0-9a-z]{58}", "64 hexadecimal digits or nsec1...")
              .saying("The agent's own key, hexadecimal or nsec1...; made when there is none."))),
  LINE(
      Kind.TOKEN,
      Source.PLUGIN,
      Webhook.at("/line/webhook"),
      List.of(
          Field.required("channel_access_token", "channelAccessToken")
              .saying("A long-lived channel access token."),
          Field.required("channel_secret", "channelSecret").saying("The channel secret.")));

  /** How a channel is connected. */
  public enum Kind {
    /** By what the fields say. */
    TOKEN,
    /** By somebody who scans a code. */
    INTERACTIVE
  }

  private enum Source {
    OPENCLAW,
    PLUGIN
  }

  /** Whose plugins they are that are no part of OpenClaw itself. */
  private static final String PLUGINS = "@openclaw/";

  private final Kind kind;
  private final Source source;

  @SuppressWarnings("ImmutableEnumChecker") // An Optional of a record of such never changes.
  private final Optional<Webhook> webhook;

  @SuppressWarnings("ImmutableEnumChecker") // Each is made by List.of.
  private final List<Field> fields;

  Channel(Kind kind, Source source, List<Field> fields) {
    this(kind, source, Optional.empty(), fields);
  }

  Channel(Kind kind, Source source, Webhook webhook, List<Field> fields) {
    this(kind, source, Optional.of(webhook), fields);
  }

  Channel(Kind kind, Source source, Optional<Webhook> webhook, List<Field> fields) {
    this.kind = kind;
    this.source = source;
    this.webhook = webhook;
    this.fields = fields;
  }

  /** The one of that name. */
  public static Optional<Channel> named(String id) {
    return Arrays.stream(values()).filter(channel -> channel.id().equals(id)).findFirst();
  }

  /** Its name, OpenClaw's own. */
  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  public Kind kind() {
    return kind;
  }

  /** What it can be told. */
  public List<Field> fields() {
    return fields;
  }

  /** Where the service calls the agent; empty: it does not. */
  public Optional<Webhook> webhook() {
    return webhook;
  }

  /** The port of the plugin that takes what is called at this path; empty: the gateway does. */
  public static Optional<Integer> portOfWebhook(String path) {
    return Arrays.stream(values())
        .flatMap(channel -> channel.webhook().stream())
        .filter(webhook -> webhook.path().equals(path))
        .flatMap(webhook -> webhook.port().stream())
        .findFirst();
  }

  /** The npm package of its plugin; empty: it is a part of OpenClaw. */
  public Optional<String> plugin() {
    return source == Source.PLUGIN ? Optional.of(PLUGINS + id()) : Optional.empty();
  }

  /** Where its configuration says who may speak to the agent. */
  List<String> policyPath() {
    return this == MATRIX ? List.of("dm", "policy") : List.of("dmPolicy");
  }

  /**
   * Where a service calls an agent.
   *
   * @param path as the plugin has it where nobody configured another one
   * @param port of the plugin's own listener in the sandbox; empty: it has the gateway listen
   */
  public record Webhook(String path, Optional<Integer> port) {
    private static Webhook at(String path) {
      return new Webhook(path, Optional.empty());
    }

    private Webhook onPort(int own) {
      return new Webhook(path, Optional.of(own));
    }
  }

  /**
   * Something that a channel is told.
   *
   * @param name callers' name
   * @param path where the channel's configuration has it, dotted
   * @param form what it looks like
   * @param expected the form in words
   * @param description for people
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

    private Field saying(String text) {
      return new Field(name, path, required, isUrl, form, expected, text);
    }
  }
}
