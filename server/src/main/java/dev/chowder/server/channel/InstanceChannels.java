package dev.chowder.server.channel;

import static dev.chowder.base.ErrorText.cannot;
import static dev.chowder.base.ErrorText.excerpt;
import static dev.chowder.base.ErrorText.must;

import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.ConnectChannelResponse.Status;
import dev.chowder.api.v1.Reason;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.openclaw.AdminAnswer;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawChannels.Account;
import dev.chowder.openclaw.OpenClawChannels.Pairing;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.ChannelRecord;
import dev.chowder.openclaw.config.ChannelRecord.DesiredChannel;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.channel.ChannelRequests.Named;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.instance.ConfigChanges;
import dev.chowder.server.instance.GatewayClient;
import dev.chowder.server.instance.InstanceClient;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects instances to channels. Stores the desired channel, lets the instance apply it to its
 * gateway, and polls the result. Blocks.
 */
public final class InstanceChannels {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceChannels.class);
  private static final String PRIVATE_KEY = "private_key";

  private final InstanceClient client;
  private final ConfigChanges changes;
  private final GatewayClient gateways;
  private final StoredChannels stored;
  private final OpenClawChannels quick;
  private final OpenClawChannels slow;
  private final SandboxDriver driver;
  private final OpenClawSettings.Channels settings;
  private final Clock clock;
  private final SecureRandom random;

  /**
   * Creates the client.
   *
   * @param quick for calls that the gateway answers by itself
   * @param slow for calls that wait for the chat service, with a longer timeout
   */
  public InstanceChannels(
      InstanceClient client,
      ConfigChanges changes,
      GatewayClient gateways,
      StoredChannels stored,
      OpenClawChannels quick,
      OpenClawChannels slow,
      SandboxDriver driver,
      OpenClawSettings.Channels settings,
      Clock clock,
      SecureRandom random) {
    this.client = client;
    this.changes = changes;
    this.gateways = gateways;
    this.stored = stored;
    this.quick = quick;
    this.slow = slow;
    this.driver = driver;
    this.settings = settings;
    this.clock = clock;
    this.random = random;
  }

  /** Connects the channel, and returns the state that it reached. */
  ConnectChannelResponse connect(Caller caller, ChannelRequests.Connection wanted) {
    var named = wanted.named();
    var view = client.get(caller, named.instance());
    if (!runs(view)) throw RejectionErrors.notRunning(view);
    var desired = switched(caller, named, true, current -> config(wanted, current));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) throw rejection(named, record, desired);
    return gateways.call(
        caller,
        named.instance().value(),
        gateway ->
            switch (named.channel().kind()) {
              case TOKEN -> awaitConnection(gateway, named.channel(), desired.config());
              case INTERACTIVE -> logIn(gateway, named.channel());
            });
  }

  private static ApiError rejection(Named named, ChannelRecord record, DesiredChannel desired) {
    var problem = masked(record.problem(), desired.config());
    return StoredChannels.lacksPlugin(record)
        ? ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            cannot("connect " + named.channel().id(), "OpenClaw reported \"" + problem + "\""))
        : ApiError.must("config", "be accepted by OpenClaw, which reported \"" + problem + "\"");
  }

  private Map<String, String> config(
      ChannelRequests.Connection wanted, Optional<ChannelRecord> current) {
    var channel = wanted.named().channel();
    var previous =
        current.flatMap(ChannelRecord::effective).map(DesiredChannel::config).orElse(Map.of());
    var config = new TreeMap<>(wanted.config().isEmpty() ? previous : wanted.config());
    for (var field : channel.fields()) {
      if (field.required() && !config.containsKey(field.name())) {
        throw ChannelRequests.missing(field);
      }
    }
    // The key is the agent's public identity, which must not change with each connection.
    if (channel == Channel.NOSTR) {
      config.computeIfAbsent(
          PRIVATE_KEY, _ -> Optional.ofNullable(previous.get(PRIVATE_KEY)).orElseGet(this::newKey));
    }
    return config;
  }

  private String newKey() {
    var key = new byte[32];
    random.nextBytes(key);
    return HexFormat.of().formatHex(key);
  }

  /** Disconnects the channel. A stopped gateway applies the change at its next start. */
  void disconnect(Caller caller, Named named) {
    var desired =
        switched(
            caller,
            named,
            false,
            current ->
                current
                    .flatMap(ChannelRecord::effective)
                    .map(DesiredChannel::config)
                    .orElse(Map.of()));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          cannot(
              "disconnect " + named.channel().id(),
              "the gateway rejected the change: " + masked(record.problem(), desired.config())));
    }
  }

  /**
   * Changes the channel, and waits until its gateway, if it runs, has applied pending changes.
   *
   * @param config returns the new fields, given the previous state
   * @return the change that the instance accepted
   */
  private DesiredChannel switched(
      Caller caller,
      Named named,
      boolean enabled,
      Function<Optional<ChannelRecord>, Map<String, String>> config) {
    var now = clock.instant();
    var written = new AtomicReference<DesiredChannel>();
    var accepted =
        changes.apply(
            caller,
            named.instance(),
            (base, version) -> {
              var desired =
                  new DesiredChannel(version, enabled, config.apply(record(stored, base, named)));
              stored.store(named.instance(), named.channel(), desired);
              written.set(desired);
              return replyTo ->
                  new InstanceCommand.SwitchChannel(
                      caller.keyId(),
                      named.channel().id(),
                      enabled,
                      version(base, named),
                      version,
                      now,
                      replyTo);
            });
    awaitApplied(named, enabled, accepted);
    return written.get();
  }

  private static String version(InstanceView view, Named named) {
    return view.profile().config().channels().getOrDefault(named.channel().id(), "");
  }

  /** Returns the channel's state; empty if it was never connected. */
  static Optional<ChannelRecord> record(StoredChannels stored, InstanceView view, Named named) {
    return stored.of(named.instance(), named.channel(), version(view, named));
  }

  private void awaitApplied(Named named, boolean enabled, InstanceView accepted) {
    int version = accepted.profile().configVersion();
    var view =
        client.await(
            accepted,
            latest -> latest.profile().appliedVersion() >= version || !runs(latest),
            settings.applyLimit());
    if (!runs(view)) {
      if (enabled) throw RejectionErrors.notRunning(view);
      return;
    }
    var action = (enabled ? "connect " : "disconnect ") + named.channel().id();
    if (view.profile().appliedVersion() < version) {
      throw ApiError.of(
          Reason.NO_ANSWER_IN_TIME,
          cannot(
              action,
              "the gateway did not apply the change within "
                  + settings.applyLimit().toSeconds()
                  + " s",
              "the change stays pending, so check the channel's status later"));
    }
    if (record(stored, view, named).flatMap(ChannelRecord::pending).isPresent()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          cannot(
              action,
              "the gateway did not apply the change",
              "stop and start the instance to apply it"));
    }
  }

  private static boolean runs(InstanceView view) {
    return view.status().isSteady() && view.status().now() == Name.RUNNING;
  }

  /** Polls the channel until it works, is known to fail, or the time is over. */
  private ConnectChannelResponse awaitConnection(
      Gateway gateway, Channel channel, Map<String, String> secrets) throws InterruptedException {
    var deadline = deadline(settings.settleLimit());
    while (true) {
      var account = account(gateway, channel, true, deadline);
      var status = status(account);
      if (status != Status.connecting || clock.instant().isAfter(deadline)) {
        var response = response(channel, status);
        if (status != Status.connected) {
          account
              .problem()
              .map(problem -> masked(problem, secrets))
              .or(() -> account.configured() ? Optional.empty() : Optional.of("not configured"))
              .ifPresent(response::setMessage);
        }
        return response.build();
      }
      Thread.sleep(settings.poll());
    }
  }

  /**
   * Reads the channel's state. Repeats the call until the deadline if the gateway is busy or does
   * not respond, because a new channel can restart it.
   */
  private Account account(Gateway gateway, Channel channel, boolean probe, Instant deadline)
      throws InterruptedException {
    while (true) {
      try {
        return slow.account(gateway, channel, probe);
      } catch (UnansweredException unanswered) {
        boolean passing =
            unanswered.why() instanceof AdminAnswer.NoAnswer
                || unanswered.why() instanceof AdminAnswer.Busy;
        if (!passing || clock.instant().isAfter(deadline)) throw unanswered;
      }
      Thread.sleep(settings.poll());
    }
  }

  private static Status status(Account account) {
    if (!account.known()) return Status.connecting;
    if (account.probed().equals(Optional.of(false))) return Status.failed;
    if (!account.configured()) return Status.failed;
    return account.works() ? Status.connected : Status.connecting;
  }

  private ConnectChannelResponse logIn(Gateway gateway, Channel channel)
      throws InterruptedException {
    var deadline = deadline(settings.settleLimit());
    var account = account(gateway, channel, false, deadline);
    while (!account.known() && clock.instant().isBefore(deadline)) {
      Thread.sleep(settings.poll());
      account = account(gateway, channel, false, deadline);
    }
    // A linked channel needs no new scan. It connects by itself, as after each start.
    if (account.works() || account.details().path("linked").asBoolean()) {
      return awaitConnection(gateway, channel, Map.of());
    }
    var login = slow.beginLogin(gateway, channel, settings.loginLimit());
    if (login.connected()) return response(channel, Status.connected).build();
    var code =
        login
            .png()
            .orElseThrow(
                () ->
                    ApiError.of(
                        Reason.GATEWAY_UNAVAILABLE,
                        cannot(
                            "connect " + channel.id(),
                            "its service returned no code to scan: " + login.message(),
                            "try again later")));
    return response(channel, Status.awaiting_scan)
        .setQrImageBase64(code)
        .setMessage(login.message())
        .build();
  }

  private Instant deadline(Duration limit) {
    return clock.instant().plus(limit);
  }

  private static ConnectChannelResponse.Builder response(Channel channel, Status status) {
    return ConnectChannelResponse.newBuilder().setChannel(channel.id()).setStatus(status);
  }

  /** Returns the state of the channel as its gateway reports it now. */
  Account status(Caller caller, Named named) {
    var channel = named.channel();
    var account =
        gateways.call(
            caller,
            named.instance().value(),
            gateway -> {
              var now = quick.account(gateway, channel, false);
              boolean mayBeScanned =
                  channel.kind() == Channel.Kind.INTERACTIVE && now.enabled() && !now.works();
              return mayBeScanned && scanned(gateway, channel)
                  ? quick.account(gateway, channel, false)
                  : now;
            });
    var secrets = secrets(client.get(caller, named.instance()), named);
    account
        .details()
        .properties()
        .forEach(
            entry -> {
              if (entry.getValue().isTextual()) {
                account.details().put(entry.getKey(), masked(entry.getValue().asText(), secrets));
              }
            });
    return account;
  }

  /**
   * Waits briefly for the code to be scanned. OpenClaw completes a login only while a call waits
   * for it, so each status call waits.
   */
  private boolean scanned(Gateway gateway, Channel channel) throws InterruptedException {
    try {
      return quick.awaitLogin(gateway, channel, settings.loginLook()).connected();
    } catch (UnansweredException noLogin) {
      return false;
    }
  }

  private Map<String, String> secrets(InstanceView view, Named named) {
    return record(stored, view, named).map(r -> r.desired().config()).orElse(Map.of());
  }

  /**
   * Returns OpenClaw's text with the values of the channel's fields masked. Values of less than
   * four characters stay, since they would match ordinary words.
   */
  private static String masked(String words, Map<String, String> secrets) {
    var text = words;
    for (var secret : secrets.values()) {
      if (secret.length() >= 4) text = text.replace(secret, "***");
    }
    return text;
  }

  /** Returns the pairings that wait for approval. */
  List<Pairing> pairings(Caller caller, Named named) {
    return gateways.call(
        caller, named.instance().value(), gateway -> quick.pairings(gateway, named.channel()));
  }

  /** Approves a pairing, and returns the id of its sender at the chat service. */
  String pair(Caller caller, ChannelRequests.Pair wanted) {
    var named = wanted.named();
    return gateways.call(
        caller,
        named.instance().value(),
        gateway -> {
          var waiting = slow.pairings(gateway, named.channel());
          var pairing = find(wanted, waiting).orElseThrow(() -> notFound(wanted));
          if (!slow.approve(gateway, named.channel(), pairing)) throw notFound(wanted);
          return pairing.sender();
        });
  }

  private Optional<Pairing> find(ChannelRequests.Pair wanted, List<Pairing> waiting) {
    if (waiting.isEmpty()) return Optional.empty();
    if (wanted.pairingId().isPresent()) {
      return waiting.stream().filter(one -> one.id().equals(wanted.pairingId().get())).findFirst();
    }
    var channel = wanted.named().channel();
    try {
      var printed =
          driver.exec(
              SandboxId.ofInstance(wanted.named().instance().value()),
              OpenClawChannels.codesCommand(channel),
              settings.codesLimit());
      if (printed.exitCode() != 0) throw noCodes(wanted, printed.output());
      return OpenClawChannels.withCode(printed.output(), wanted.code().orElseThrow(), waiting);
    } catch (SandboxException why) {
      throw noCodes(wanted, why.getMessage());
    }
  }

  private static ApiError noCodes(ChannelRequests.Pair wanted, @Nullable String why) {
    // An agent controls the output of the command.
    LOG.warn(
        "instance={} cannot list pairing codes: {}",
        wanted.named().instance(),
        excerpt(String.valueOf(why), AdminAnswer.MAX_TEXT));
    return ApiError.of(
        Reason.GATEWAY_UNAVAILABLE,
        cannot(
            "approve the pairing",
            "the sandbox did not return its pairing codes",
            "use pairing_id instead, or try again later"));
  }

  private static ApiError notFound(ChannelRequests.Pair wanted) {
    return ApiError.of(
        Reason.PAIRING_NOT_FOUND,
        wanted.code().isPresent()
            ? must("code", "be a pairing code that was sent within the last hour")
            : must("pairing_id", "be an id that ListPairings returns"));
  }
}
