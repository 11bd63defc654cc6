package dev.chowder.effect;

import static dev.chowder.base.ErrorText.cannot;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.chowder.gateway.CrashCause;
import dev.chowder.gateway.GatewayTokens;
import dev.chowder.gateway.GatewayWork;
import dev.chowder.gateway.HostMemory;
import dev.chowder.gateway.KnownSecrets;
import dev.chowder.gateway.LogTail;
import dev.chowder.gateway.ModelSetups;
import dev.chowder.gateway.ModelSetups.Reachable;
import dev.chowder.gateway.Overrides;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.instance.ConfigValues.Taken;
import dev.chowder.instance.Homes;
import dev.chowder.instance.InstanceEffect;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.Stage;
import dev.chowder.instance.StageRecord;
import dev.chowder.instance.WantedConfig;
import dev.chowder.openclaw.AdminAnswer.NoAnswer;
import dev.chowder.openclaw.GatewayConversations.UnansweredException;
import dev.chowder.openclaw.GatewayReadiness;
import dev.chowder.openclaw.GatewayWarmUp;
import dev.chowder.openclaw.OpenClawOnboarding;
import dev.chowder.openclaw.OpenClawPlugins;
import dev.chowder.openclaw.config.Channel;
import dev.chowder.openclaw.config.OpenClawConfig;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.openclaw.model.ModelSetup;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.Ending;
import dev.chowder.sandbox.SandboxDriver.ProcessSpec;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
import dev.chowder.sandbox.SandboxDriver.SandboxFile;
import dev.chowder.sandbox.SandboxDriver.SandboxSpec;
import dev.chowder.sandbox.SandboxDriver.TaskSpec;
import dev.chowder.sandbox.SandboxException;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.sandbox.SandboxObservation.MainProcess;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretStore;
import dev.chowder.sleep.GatewaySleep;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the stages of an instance in its sandbox. Every stage can be run again after a crash: it
 * reaches its result from whatever state it finds.
 */
public final class GatewayStages implements GatewayWork {
  private static final Logger LOG = LoggerFactory.getLogger(GatewayStages.class);

  /** OpenClaw's file has a few KiB; it did not write a larger one. */
  private static final long MAX_CONFIG_BYTES = 4 * 1024 * 1024;

  private static final int TAIL_CHARACTERS = 1500;

  /** Keys are far shorter; Chowder did not write a longer file. */
  private static final long MAX_KEY_BYTES = 16 * 1024;

  private static final long MAX_MARK_BYTES = 1024;

  /** No home volume has this generation. */
  private static final int NO_GENERATION = -1;

  private final SandboxDriver driver;
  private final GatewaySleep sleep;
  private final SecretStore secrets;
  private final KnownSecrets known;
  private final GatewayTokens tokens;
  private final ModelSetups models;
  private final Overrides overrides;
  private final StoredChannels channels;
  private final GatewayReadiness readiness;
  private final GatewayWarmUp warmUp;
  private final SlotReleases slots;
  private final HostMemory hostMemory;
  private final UnaryOperator<String> publicUrl;
  private final String snapshot;
  private final Supplier<Optional<ByteString>> skeleton;
  private final EffectSettings settings;

  /**
   * Creates the stages for one image.
   *
   * @param publicUrl maps an instance's id to its gateway's public URL
   * @param snapshot image of the sandboxes
   * @param skeleton returns the configuration that onboarding wrote into the image; empty if that
   *     is not known
   */
  public GatewayStages(
      SandboxDriver driver,
      GatewaySleep sleep,
      SecretStore secrets,
      KnownSecrets known,
      GatewayTokens tokens,
      ModelSetups models,
      Overrides overrides,
      StoredChannels channels,
      GatewayReadiness readiness,
      GatewayWarmUp warmUp,
      SlotReleases slots,
      HostMemory hostMemory,
      UnaryOperator<String> publicUrl,
      String snapshot,
      Supplier<Optional<ByteString>> skeleton,
      EffectSettings settings) {
    this.driver = driver;
    this.sleep = sleep;
    this.secrets = secrets;
    this.known = known;
    this.tokens = tokens;
    this.models = models;
    this.overrides = overrides;
    this.channels = channels;
    this.readiness = readiness;
    this.warmUp = warmUp;
    this.slots = slots;
    this.hostMemory = hostMemory;
    this.publicUrl = publicUrl;
    this.snapshot = snapshot;
    this.skeleton = skeleton;
    this.settings = settings;
  }

  @Override
  public Outcome run(InstanceId id, StageRun stageRun) throws InterruptedException {
    var sandbox = SandboxId.ofInstance(id.value());
    try {
      return run(id, sandbox, stageRun);
    } catch (SandboxException why) {
      boolean lost =
          why.reason() == SandboxException.Reason.NOT_FOUND
              && !driver.observe(sandbox).homeExists();
      if (!lost) throw why;
      // An observation of the sandbox has the same reason, and may find the loss first.
      throw new WorkFailure(
          "SANDBOX_LOST",
          cannot(
              "use the home volume",
              "it does not exist",
              "if its disk is missing, attach the disk before you recover the instance, because a"
                  + " recover without it creates an empty home"));
    }
  }

  private Outcome run(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    requireNoLaterAttempt(sandbox, stageRun);
    return switch (stageRun.stage()) {
      case CREATE_SANDBOX -> {
        // Removes what an earlier attempt left, since its own removal may still be running.
        removeUnused(sandbox, stageRun.attempt(), stageRun.homes(), stageRun.homes().generation());
        driver.create(
            new SandboxSpec(
                sandbox, stageRun.organizationId(), snapshot, stageRun.homes().generation()));
        yield Outcome.executed();
      }
      case ONBOARD -> onboard(id, sandbox, stageRun);
      case GATEWAY_TOKEN -> requireToken(id, sandbox, stageRun);
      case RESPONSES_ENDPOINT -> openEndpoints(id, sandbox, stageRun);
      case OPENCLAW_CONFIG -> {
        // A sleeping gateway would overwrite the file. It applies its configuration when it wakes.
        if (stageRun.sleep().holdsProcesses()) yield Outcome.skipped();
        endLostSleeper(sandbox, stageRun);
        yield applyOverrides(id, sandbox, stageRun);
      }
      case START_GATEWAY -> boot(id, sandbox, stageRun);
      case PUBLISH -> publish(sandbox);
      case WARM_UP -> warmUp(id, sandbox, stageRun.fence());
    };
  }

  /**
   * After a restore, the database may not know that an agent ran. A later process on the host, even
   * one that ended, is the only trace of it: if a stage replaced that process, the home volume
   * would count as unused.
   */
  private void requireNoLaterAttempt(SandboxId sandbox, StageRun stageRun) {
    if (stageRun.homes().agentRan()) return;
    int ran = driver.observe(sandbox).attempt();
    if (ran <= stageRun.attempt()) return;
    throw new WorkFailure(
        "REFUSED",
        cannot(
            "provision the instance",
            "attempt %d was started in its home, which is later than attempt %d"
                .formatted(ran, stageRun.attempt()),
            "recover the instance to start with this home"));
  }

  /**
   * Writes the configuration of a new home, except overrides and channels. It includes the work of
   * the next two stages, which run only if a crash or another version of Chowder separates them
   * from this one.
   */
  private Outcome onboard(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    Reachable model = models.reach(stageRun.organizationId(), stageRun.model());
    var setup = model.setup();
    channels.homeRecreated(id, stageRun.config().channels());
    // The files need a container, and the gateway needs one soon.
    driver.prepare(sandbox, stageRun.fence(), gatewayProcess(stageRun));
    var onboarded = skeleton(sandbox);
    var config =
        onboarded.isPresent()
            ? OpenClawOnboarding.configFrom(onboarded.get(), setup)
            : runOnboarding(id, sandbox, stageRun, setup);
    var url = publicUrl.apply(id.value());
    driver.writeFiles(
        sandbox,
        stageRun.fence(),
        OpenClawOnboarding.homeFiles(config, setup, tokens.newOrActive(id), url));
    return (onboarded.isPresent() ? Outcome.prepared() : Outcome.executed())
        .withNote(model.note())
        .preparing(Set.of(Stage.GATEWAY_TOKEN, Stage.RESPONSES_ENDPOINT));
  }

  /**
   * Returns the configuration that onboarding wrote into the image; empty if the image has none.
   * The home volume has a copy, which is only for this agent: if this stage is repeated after a
   * crash, the agent may have run and changed it.
   */
  private Optional<ObjectNode> skeleton(SandboxId sandbox) {
    return skeleton
        .get()
        .or(() -> driver.readFile(sandbox, OpenClawHome.SKELETON, MAX_CONFIG_BYTES))
        .map(GatewayStages::json);
  }

  /** Runs {@code openclaw onboard} and returns the configuration that it wrote. */
  private ObjectNode runOnboarding(
      InstanceId id, SandboxId sandbox, StageRun stageRun, ModelSetup setup)
      throws InterruptedException {
    var task =
        new TaskSpec(
            snapshot,
            stageRun.organizationId(),
            OpenClawOnboarding.command(),
            OpenClawOnboarding.files(setup));
    var result = driver.run(sandbox, stageRun.fence(), task, limit(stageRun));
    if (result.outOfMemory()) {
      throw new WorkFailure(
          "OUT_OF_MEMORY",
          "openclaw onboard was killed because the sandbox reached its memory limit");
    }
    if (result.exitCode() != 0) {
      throw new WorkFailure(
          CrashCause.reportsDiskFull(result.output()) ? "NO_SPACE" : "ONBOARD_FAILED",
          "openclaw onboard ended with exit code "
              + result.exitCode()
              + "; its last lines: "
              + tail(id, stageRun, result.output()));
    }
    return readConfig(sandbox);
  }

  private Outcome requireToken(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    var token = tokens.newOrActive(id);
    var config = readConfig(sandbox);
    OpenClawConfig.requireToken(config);
    driver.writeFiles(
        sandbox,
        stageRun.fence(),
        List.of(
            OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token),
            OpenClawConfig.file(config)));
    return Outcome.executed();
  }

  private Outcome openEndpoints(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    var config = readConfig(sandbox);
    OpenClawConfig.openEndpoints(config, publicUrl.apply(id.value()));
    driver.writeFiles(sandbox, stageRun.fence(), List.of(OpenClawConfig.file(config)));
    return Outcome.executed();
  }

  private Outcome applyOverrides(InstanceId id, SandboxId sandbox, StageRun stageRun) {
    // An adopted home volume lacks what was applied to its lost replacement.
    if (stageRun.homes().adopted()) channels.homeRecreated(id, stageRun.config().channels());
    // Read first, because a value is kept only while its version is one of the last 32.
    var wanted = stageRun.config();
    var patches = overrides.pending(id, wanted);
    var pending = channels.pending(id, wanted.channels());
    // Changes that a running gateway did not apply are pending, too.
    if (wanted.version() == 0 && patches.isEmpty() && pending.isEmpty()) return Outcome.skipped();
    // An installation writes into openclaw.json, so the file is read afterwards.
    var withoutPlugin = installPlugins(sandbox, stageRun, StoredChannels.needingPlugins(pending));
    var config = readConfig(sandbox);
    var switched = channels.apply(pending, config, withoutPlugin);
    overrides.apply(id, patches, config);
    driver.writeFiles(sandbox, stageRun.fence(), List.of(OpenClawConfig.file(config)));
    channels.applied(id, switched);
    return Outcome.configured(
        withoutPlugin.stream()
            .map(
                channel ->
                    channel.id()
                        + ": its plugin could not be installed; the next start tries again")
            .collect(Collectors.joining("; ")),
        new AppliedConfig(wanted.version(), wanted.overrides().version()));
  }

  /**
   * Returns the channels whose plugins could not be installed; the agent starts without these
   * channels.
   */
  private Set<Channel> installPlugins(SandboxId sandbox, StageRun stageRun, List<Channel> needing) {
    var failed = EnumSet.noneOf(Channel.class);
    // A fifth of the limit is left for the rest of the stage.
    long until = System.nanoTime() + limit(stageRun).multipliedBy(4).dividedBy(5).toNanos();
    for (var channel : needing) {
      var left = Duration.ofNanos(until - System.nanoTime());
      if (left.toSeconds() < 1 || !isInstalled(sandbox, stageRun, channel, left))
        failed.add(channel);
    }
    return failed;
  }

  private boolean isInstalled(
      SandboxId sandbox, StageRun stageRun, Channel channel, Duration limit) {
    var command = OpenClawPlugins.command(channel.plugin().orElseThrow());
    var task = new TaskSpec(snapshot, stageRun.organizationId(), command, List.of());
    try {
      var result = driver.run(sandbox, stageRun.fence(), task, limit);
      return result.exitCode() == 0 || OpenClawPlugins.isInstalled(result.output());
    } catch (SandboxException late) {
      if (late.reason() != SandboxException.Reason.TIMED_OUT) throw late;
      return false;
    }
  }

  /**
   * Ends a frozen process that no sleep records: a failed wake left it, or something else paused
   * it. It would overwrite files if it continued later. One that something else paused may have
   * work to finish.
   */
  private void endLostSleeper(SandboxId sandbox, StageRun stageRun) {
    if (stageRun.attempt() == 1) return;
    if (driver.observe(sandbox).mainProcess() instanceof MainProcess.Paused) {
      var _ = sleep.end(sandbox, stageRun.attempt());
    }
  }

  /** Boots the gateway; ends a sleeping one first and applies the configuration that it lacks. */
  private Outcome boot(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    var configured = Outcome.executed();
    if (stageRun.sleep().holdsProcesses()) {
      // A repetition of this stage keeps the process that this attempt booted.
      if (driver.observe(sandbox).attempt() < stageRun.attempt()) {
        var _ = driver.stop(sandbox, stageRun.attempt(), settings.drain());
      }
      configured = applyOverrides(id, sandbox, stageRun);
    }
    // Before the first gateway of an instance, there is no rotation.
    if (stageRun.attempt() > 1) tokens.finishRotation(id, sandbox, stageRun.fence());
    startGateway(id, sandbox, stageRun);
    return Outcome.configured(configured.note(), configured.config());
  }

  @Override
  public Optional<Outcome> wake(InstanceId id, StageRun stageRun) throws InterruptedException {
    var endpoint = sleep.wake(id, stageRun, gatewayProcess(stageRun));
    if (endpoint.isEmpty()) return Optional.empty();
    hostMemory.ready(id);
    var config = stageRun.config();
    boolean overridesPending =
        !config.overrides().version().isEmpty() && config.overrides().taken() == Taken.PENDING;
    // A channel that a running gateway did not take is pending without a version.
    if (config.version() == 0
        && !overridesPending
        && channels.pending(id, config.channels()).isEmpty()) {
      return Optional.of(Outcome.thawed("", AppliedConfig.NONE));
    }
    var applied = applyConfig(id, config, endpoint.get());
    // The running gateway rejects refused overrides again, and the instance records that.
    boolean complete =
        applied.overrides() == Taken.APPLIED || config.overrides().version().isEmpty();
    return Optional.of(
        Outcome.thawed(
            applied.note(),
            complete
                ? new AppliedConfig(config.version(), config.overrides().version())
                : AppliedConfig.NONE));
  }

  private void startGateway(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    var endpoint = startProcess(id, sandbox, stageRun);
    var readyBefore = settings.readyLimit();
    switch (readiness.awaitReady(endpoint, readyBefore, () -> driver.observe(sandbox).endpoint())) {
      case READY -> hostMemory.ready(id);
      case DIED -> throw diedEarly(id, sandbox, stageRun);
      case NOT_IN_TIME ->
          throw new WorkFailure(
              "GATEWAY_NOT_READY",
              "the gateway did not become ready within "
                  + readyBefore.toSeconds()
                  + " s; its last lines: "
                  + lastLines(id, sandbox, stageRun));
    }
  }

  private ProcessSpec gatewayProcess(StageRun stageRun) {
    return new ProcessSpec(
        snapshot,
        stageRun.organizationId(),
        OpenClawHome.GATEWAY_COMMAND,
        OpenClawHome.GATEWAY_ENVIRONMENT,
        OpenClawHome.GATEWAY_PORT);
  }

  private SandboxEndpoint startProcess(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    try {
      return driver.start(sandbox, stageRun.fence(), gatewayProcess(stageRun));
    } catch (SandboxException why) {
      // The start fails without an address if the engine ends right after it started the process.
      boolean ended =
          why.reason() == SandboxException.Reason.REFUSED
              && driver.observe(sandbox).mainProcess() instanceof MainProcess.Ended one
              && one.attempt() == stageRun.attempt();
      if (ended && driver.howEnded(sandbox) != Ending.BY_ITSELF)
        throw diedEarly(id, sandbox, stageRun);
      throw why;
    }
  }

  private WorkFailure diedEarly(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    var lines = lastLines(id, sandbox, stageRun);
    return switch (driver.observe(sandbox).mainProcess()) {
      case MainProcess.Ended ended -> {
        var cause = CrashCause.of(ended, lines, driver.howEnded(sandbox));
        yield new WorkFailure(
            cause.reason(),
            "the gateway ended before it was ready: "
                + cause.text()
                + "; its last lines: "
                + lines);
      }
      case MainProcess.Missing() ->
          new WorkFailure(
              "CONTAINER_REMOVED",
              "the gateway's container was removed before the gateway was ready");
      case MainProcess.Paused _ ->
          new WorkFailure("GATEWAY_FROZEN", "the gateway was frozen before it was ready");
      case MainProcess.Up _ ->
          new WorkFailure(
              "GATEWAY_CRASHED", "the gateway ended before it was ready; its last lines: " + lines);
    };
  }

  private Outcome publish(SandboxId sandbox) throws InterruptedException {
    var seen = driver.observe(sandbox);
    if (seen.mainProcess() instanceof MainProcess.Ended ended) throw endedSoon(sandbox, ended);
    var endpoint =
        seen.endpoint()
            .orElseThrow(
                () ->
                    new WorkFailure(
                        "GATEWAY_CRASHED", "the gateway ended just after it was ready"));
    return new Outcome(StageRecord.Outcome.EXECUTED, "", Optional.of(endpoint.toString()));
  }

  /**
   * Makes the gateway run turns that call no provider. If this fails, the gateway stays without
   * requests, since a turn may still run. Its member is discarded.
   */
  private Outcome warmUp(InstanceId id, SandboxId sandbox, Fence fence)
      throws InterruptedException {
    var endpoint = driver.observe(sandbox).endpoint();
    if (endpoint.isEmpty() || !sleep.takesMessages(id, endpoint.get())) {
      throw notWarm(sandbox, "the gateway does not take messages");
    }
    var token = tokens.active(id);
    if (token.isEmpty()) {
      throw new WorkFailure("GATEWAY_NOT_READY", "the gateway has no token");
    }
    // The gateway of another image would call the provider.
    if (driver.readFile(sandbox, OpenClawHome.CAN_WARM_UP, 1).isEmpty()) return Outcome.skipped();
    driver.writeFiles(sandbox, fence, List.of(warmsUp("yes")));
    String note;
    try {
      note = warmUp.warm(id.value(), endpoint.get(), token.get());
    } catch (UnansweredException why) {
      throw notWarm(
          sandbox, why.why() instanceof NoAnswer(var text) ? text : String.valueOf(why.why()));
    }
    driver.writeFiles(sandbox, fence, List.of(warmsUp("")));
    return Outcome.executed().withNote(note);
  }

  /** Returns the failure of a warm-up. If the gateway has ended, that is the cause. */
  private WorkFailure notWarm(SandboxId sandbox, String text) throws InterruptedException {
    return driver.observe(sandbox).mainProcess() instanceof MainProcess.Ended ended
        ? endedSoon(sandbox, ended)
        : new WorkFailure("GATEWAY_NOT_READY", text);
  }

  private WorkFailure endedSoon(SandboxId sandbox, MainProcess.Ended ended)
      throws InterruptedException {
    var cause = CrashCause.of(ended, LogTail.read(driver, sandbox), driver.howEnded(sandbox));
    return new WorkFailure(
        cause.reason(), "the gateway ended just after it was ready: " + cause.text());
  }

  private static SandboxFile warmsUp(String content) {
    return new SandboxFile(OpenClawHome.WARMS_UP, ByteString.copyFromUtf8(content), 0600);
  }

  @Override
  public boolean admitStart(InstanceId id, int lost) {
    if (hostMemory.admits(id)) return true;
    try {
      // A frozen gateway holds the memory that its restart waits for, and the restart replaces it.
      if (sleep.end(SandboxId.ofInstance(id.value()), lost)) {
        LOG.info("instance={} event=lost-gateway-stopped: its restart needs its memory", id);
      }
    } catch (SandboxException why) {
      // Probably the engine does not respond. The caller tries again.
      LOG.debug("instance={} event=lost-gateway-not-stopped why={}", id, why.getMessage());
      return false;
    }
    return hostMemory.admitsByEviction(id);
  }

  @Override
  public void checkEngine(InstanceId id) {
    var _ = driver.observe(SandboxId.ofInstance(id.value()));
  }

  @Override
  public StopResult stop(InstanceId id, InstanceEffect.StopGateway stop)
      throws InterruptedException {
    return sleep.stop(id, stop);
  }

  @Override
  public Slept deepen(InstanceId id, InstanceEffect.Deepen deepen) {
    return sleep.deepen(id, deepen);
  }

  @Override
  public Applied applyConfig(InstanceId id, InstanceEffect.ApplyConfig apply)
      throws InterruptedException {
    return applyConfig(id, apply.config(), SandboxEndpoint.parse(apply.endpoint()));
  }

  private Applied applyConfig(InstanceId id, WantedConfig config, SandboxEndpoint gateway)
      throws InterruptedException {
    // Channels come first, because an override may need the plugin of a channel.
    var note = channels.hotApply(id, config.channels(), gateway);
    var outcome = overrides.hotApply(id, config, gateway);
    return new Applied(
        outcome.taken(),
        Stream.of(note, outcome.note())
            .filter(text -> !text.isEmpty())
            .collect(Collectors.joining("; ")));
  }

  @Override
  public void rotateToken(InstanceId id, InstanceEffect.RotateToken rotate)
      throws InterruptedException {
    tokens.rotate(id, rotate);
  }

  @Override
  public boolean remove(InstanceId id, InstanceEffect.Remove what) {
    var sandbox = SandboxId.ofInstance(id.value());
    switch (what.scope()) {
      case PROCESSES -> driver.removeProcesses(sandbox, what.attempt());
      case SANDBOX -> {
        driver.removeProcesses(sandbox, what.attempt());
        removeUnused(sandbox, what.attempt(), what.homes(), NO_GENERATION);
      }
      case EVERYTHING -> removeEverything(id, sandbox);
      case MEMBER -> {
        if (isClaimed(sandbox, what)) return false;
        removeEverything(id, sandbox);
      }
    }
    return true;
  }

  private void removeEverything(InstanceId id, SandboxId sandbox) {
    var _ = driver.remove(sandbox, Fence.NONE);
    secrets.deleteAll(id.value());
  }

  /**
   * Returns whether a pool member was claimed by a create that the database does not know: it is
   * marked, or it was booted again, which a member never is.
   */
  private boolean isClaimed(SandboxId sandbox, InstanceEffect.Remove what) {
    var seen = driver.observe(sandbox);
    boolean wasUsed =
        seen.attempt() > what.attempt()
            || seen.home().filter(home -> home != what.homes().generation()).isPresent();
    if (wasUsed) return true;
    try {
      return driver.readFile(sandbox, OpenClawHome.CLAIMED, MAX_MARK_BYTES).isPresent();
    } catch (SandboxException why) {
      return switch (why.reason()) {
        case NOT_FOUND -> false;
        // An agent changed the mark. A member without an agent has none.
        case FILE_REFUSED -> true;
        default -> throw why;
      };
    }
  }

  /**
   * Removes the existing home volume if no agent ever ran in it. A volume in which an agent ran, or
   * that the journal does not know, stays.
   *
   * @param kept generation of a volume that stays in any case
   */
  private void removeUnused(SandboxId sandbox, int attempt, Homes homes, int kept) {
    driver
        .observe(sandbox)
        .home()
        .filter(home -> home != kept && homes.isUnused(home, attempt))
        .ifPresent(
            home -> {
              var _ = driver.remove(sandbox, new Fence(attempt, home));
            });
  }

  @Override
  public void releaseSlot(InstanceId id, String organizationId) throws InterruptedException {
    slots.releaseForEffect(organizationId, id);
  }

  private ObjectNode readConfig(SandboxId sandbox) {
    return driver
        .readFile(sandbox, OpenClawHome.CONFIG, MAX_CONFIG_BYTES)
        .map(GatewayStages::json)
        .orElseThrow(
            () ->
                new WorkFailure(
                    "CONFIG_MISSING",
                    cannot("read openclaw.json", "the file that onboarding writes is missing")));
  }

  private static ObjectNode json(ByteString file) {
    try {
      return OpenClawConfig.parse(file);
    } catch (IllegalArgumentException why) {
      throw new WorkFailure("CONFIG_BROKEN", String.valueOf(why.getMessage()));
    }
  }

  private Duration limit(StageRun stageRun) {
    return settings.stageLimits().getOrDefault(stageRun.stage(), settings.stopLimit());
  }

  private String lastLines(InstanceId id, SandboxId sandbox, StageRun stageRun)
      throws InterruptedException {
    return tail(id, stageRun, LogTail.read(driver, sandbox));
  }

  /**
   * Returns the end of an output, masked. It is masked before it is cut, because a part of a secret
   * would not be recognized.
   */
  private String tail(InstanceId id, StageRun stageRun, String output) {
    var config = stageRun.config();
    var text =
        known
            .of(
                id,
                stageRun.organizationId(),
                config.overrides().version(),
                config.channels(),
                keyInHome(SandboxId.ofInstance(id.value())))
            .mask(output.strip());
    return text.length() <= TAIL_CHARACTERS
        ? text
        : text.substring(text.length() - TAIL_CHARACTERS);
  }

  /**
   * Returns the provider key that the agent uses, which its organization may have replaced since;
   * empty if it has none or the file cannot be read.
   */
  private Optional<Secret> keyInHome(SandboxId sandbox) {
    try {
      return driver
          .readFile(sandbox, OpenClawHome.PROVIDER_KEY, MAX_KEY_BYTES)
          .map(ByteString::toStringUtf8)
          .map(String::strip)
          .filter(key -> !key.equals(OpenClawOnboarding.NO_KEY.reveal()))
          .map(Secret::of);
    } catch (SandboxException unreadable) {
      return Optional.empty();
    }
  }

  /** Releases slots of organizations. */
  @FunctionalInterface
  public interface SlotReleases {
    /**
     * Releases the slot of an instance.
     *
     * @throws WorkFailure if the organization does not reply in time
     */
    void releaseForEffect(String organizationId, InstanceId id) throws InterruptedException;
  }
}
