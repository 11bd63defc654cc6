package dev.chowder.server.channel;

import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.ConnectChannelResponse.Status;
import dev.chowder.effect.StoredChannels;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceRejection;
import dev.chowder.instance.InstanceStatus.Name;
import dev.chowder.instance.InstanceView;
import dev.chowder.openclaw.Channel;
import dev.chowder.openclaw.ChannelRecord;
import dev.chowder.openclaw.ChannelRecord.DesiredChannel;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.OpenClawChannels;
import dev.chowder.openclaw.OpenClawChannels.Account;
import dev.chowder.openclaw.OpenClawChannels.Pairing;
import dev.chowder.openclaw.OpenClawSettings;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.channel.ChannelRequests.Named;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.Reason;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects a caller's instance to a channel: keeps what is asked for, has the instance bring it to
 * its gateway, and looks what becomes of it. Blocks.
 */
public final class InstanceChannels {
  private static final Logger LOG = LoggerFactory.getLogger(InstanceChannels.class);
  private static final String PRIVATE_KEY = "private_key";

  private final InstanceClient client;
  private final ConfigChanges changes;
  private final GatewayClient gateways;
  private final StoredChannels stored;
  private final OpenClawChannels quick;
  private final OpenClawChannels patient;
  private final SandboxDriver driver;
  private final OpenClawSettings.Channels settings;
  private final Clock clock;
  private final SecureRandom random;

  /**
   * Wires it.
   *
   * @param quick for questions that only look
   * @param patient for those that a service far away has a part in
   */
  public InstanceChannels(
      InstanceClient client,
      ConfigChanges changes,
      GatewayClient gateways,
      StoredChannels stored,
      OpenClawChannels quick,
      OpenClawChannels patient,
      SandboxDriver driver,
      OpenClawSettings.Channels settings,
      Clock clock,
      SecureRandom random) {
    this.client = client;
    this.changes = changes;
    this.gateways = gateways;
    this.stored = stored;
    this.quick = quick;
    this.patient = patient;
    this.driver = driver;
    this.settings = settings;
    this.clock = clock;
    this.random = random;
  }

  /** Connects it, and tells how far it came. */
  ConnectChannelResponse connect(Caller caller, ChannelRequests.Connection wanted) {
    var named = wanted.named();
    var view = client.get(caller, named.instance());
    if (!runs(view)) throw wrongState(view);
    var desired = switched(caller, named, true, kept -> config(wanted, kept));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) throw refusal(record, desired);
    return gateways.ask(
        caller,
        named.instance().value(),
        gateway ->
            switch (named.channel().kind()) {
              case TOKEN -> settle(gateway, named.channel(), desired.config());
              case INTERACTIVE -> logIn(gateway, named.channel());
            });
  }

  private static ApiError refusal(ChannelRecord record, DesiredChannel desired) {
    var problem = masked(record.problem(), desired.config());
    return StoredChannels.lacksPlugin(record)
        ? ApiError.of(
            Reason.GATEWAY_UNAVAILABLE,
            "gateway: " + problem + " (expected: installed by OpenClaw)")
        : ApiError.invalid("config", "refused by OpenClaw: " + problem);
  }

  private Map<String, String> config(
      ChannelRequests.Connection wanted, Optional<ChannelRecord> kept) {
    var channel = wanted.named().channel();
    var former =
        kept.flatMap(ChannelRecord::effective).map(DesiredChannel::config).orElse(Map.of());
    var config = new TreeMap<>(wanted.config().isEmpty() ? former : wanted.config());
    for (var field : channel.fields()) {
      if (field.required() && !config.containsKey(field.name())) {
        throw ChannelRequests.missing(field);
      }
    }
    // Who the agent is to others must not change with each connection.
    if (channel == Channel.NOSTR) {
      config.computeIfAbsent(
          PRIVATE_KEY, _ -> Optional.ofNullable(former.get(PRIVATE_KEY)).orElseGet(this::newKey));
    }
    return config;
  }

  private String newKey() {
    var key = new byte[32];
    random.nextBytes(key);
    return HexFormat.of().formatHex(key);
  }

  /** Disconnects it; a gateway that does not run learns it when it starts. */
  void disconnect(Caller caller, Named named) {
    var desired =
        switched(
            caller,
            named,
            false,
            kept ->
                kept.flatMap(ChannelRecord::effective)
                    .map(DesiredChannel::config)
                    .orElse(Map.of()));
    var record = stored.of(named.instance(), named.channel(), desired.change()).orElseThrow();
    if (record.isRejected()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          "the gateway rejected the channel: " + masked(record.problem(), desired.config()));
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
    var told =
        changes.make(
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
    awaitTaken(named, enabled, told);
    return written.get();
  }

  private static String version(InstanceView view, Named named) {
    return view.profile().config().channels().getOrDefault(named.channel().id(), "");
  }

  /** Returns the channel's state; empty if it was never connected. */
  static Optional<ChannelRecord> record(StoredChannels stored, InstanceView view, Named named) {
    return stored.of(named.instance(), named.channel(), version(view, named));
  }

  private void awaitTaken(Named named, boolean enabled, InstanceView told) {
    int version = told.profile().configVersion();
    var view =
        client.await(
            told,
            seen -> seen.profile().appliedVersion() >= version || !runs(seen),
            settings.applyLimit());
    if (!runs(view)) {
      if (enabled) throw wrongState(view);
      return;
    }
    if (view.profile().appliedVersion() < version) {
      throw ApiError.of(
          Reason.NO_ANSWER_IN_TIME,
          "gateway: did not take it within "
              + settings.applyLimit().toSeconds()
              + " s; it is tried on");
    }
    if (record(stored, view, named).flatMap(ChannelRecord::pending).isPresent()) {
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE,
          "gateway: did not take it (expected: its change; it gets it when it starts)");
    }
  }

  private static boolean runs(InstanceView view) {
    return view.status().isSteady() && view.status().now() == Name.RUNNING;
  }

  private static ApiError wrongState(InstanceView view) {
    return InstanceClient.error(
        new InstanceRejection.WrongState(
            view.status().now().label(), view.status().desired().label(), "running"));
  }

  /** Looks until it works or something is known to be wrong. */
  private ConnectChannelResponse settle(
      Gateway gateway, Channel channel, Map<String, String> secrets) throws InterruptedException {
    var deadline = deadline(settings.settleLimit());
    while (true) {
      var account = patient.account(gateway, channel, true);
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

  private static Status status(Account account) {
    if (!account.known()) return Status.connecting;
    if (account.probed().equals(Optional.of(false))) return Status.failed;
    if (!account.configured()) return Status.failed;
    return account.works() ? Status.connected : Status.connecting;
  }

  private ConnectChannelResponse logIn(Gateway gateway, Channel channel)
      throws InterruptedException {
    var deadline = deadline(settings.settleLimit());
    var account = patient.account(gateway, channel, false);
    while (!account.known() && clock.instant().isBefore(deadline)) {
      Thread.sleep(settings.poll());
      account = patient.account(gateway, channel, false);
    }
    // Nobody has to scan anything again: it connects by itself, as after each start.
    if (account.works() || account.details().path("linked").asBoolean()) {
      return settle(gateway, channel, Map.of());
    }
    var login = patient.beginLogin(gateway, channel, settings.loginLimit());
    if (login.connected()) return response(channel, Status.connected).build();
    var code =
        login
            .png()
            .orElseThrow(
                () ->
                    ApiError.of(
                        Reason.GATEWAY_UNAVAILABLE,
                        channel.id()
                            + ": no code to scan: "
                            + login.message()
                            + " (expected: one from its service)"));
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

  /** What the gateway says now. */
  Account status(Caller caller, Named named) {
    var channel = named.channel();
    var account =
        gateways.ask(
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
   * A login that nobody waits for does not connect, so whoever asks for the status waits for it.
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

  /** OpenClaw's words without anything that a caller gave to be kept. */
  private static String masked(String words, Map<String, String> secrets) {
    var text = words;
    for (var secret : secrets.values()) {
      if (secret.length() >= 4) text = text.replace(secret, "***");
    }
    return text;
  }

  /** Who waits to be let in. */
  List<Pairing> pairings(Caller caller, Named named) {
    return gateways.ask(
        caller, named.instance().value(), gateway -> quick.pairings(gateway, named.channel()));
  }

  /** Lets somebody in, and returns the service's id of who it is. */
  String pair(Caller caller, ChannelRequests.Pair wanted) {
    var named = wanted.named();
    return gateways.ask(
        caller,
        named.instance().value(),
        gateway -> {
          var waiting = patient.pairings(gateway, named.channel());
          var pairing = find(wanted, waiting).orElseThrow(() -> notFound(wanted));
          if (!patient.approve(gateway, named.channel(), pairing)) throw notFound(wanted);
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
      return OpenClawChannels.withCode(printed.output(), wanted.code().orElseThrow(), waiting);
    } catch (SandboxException why) {
      LOG.warn("instance={} codes: {}", wanted.named().instance(), why.getMessage());
      throw ApiError.of(
          Reason.GATEWAY_UNAVAILABLE, "sandbox: did not list its codes (expected: an answer)");
    }
  }

  private static ApiError notFound(ChannelRequests.Pair wanted) {
    return ApiError.of(
        Reason.PAIRING_NOT_FOUND,
        wanted.code().isPresent()
            ? "code: nobody waits with it (expected: one that was sent within the last hour)"
            : "pairing_id: nobody waits by it (expected: one that ListPairings shows)");
  }
}
