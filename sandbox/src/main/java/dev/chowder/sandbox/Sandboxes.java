package dev.chowder.sandbox;

import static dev.chowder.base.ErrorText.cannot;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the sandboxes of instances by the references in their journals, on the engine of this node.
 * The parts of Chowder that use sandboxes, but do not run them, have no engine.
 *
 * <p>A sandbox is on this node's host if its reference names that host, if its home volume is here,
 * or if an operator rebound its host to this one. The identity of an engine may change while its
 * volumes stay, so the reference alone is not enough.
 */
public final class Sandboxes {
  private static final Logger LOG = LoggerFactory.getLogger(Sandboxes.class);

  /** More than the agents of a host. */
  private static final int MAX_CONFIRMED = 10_000;

  private final SandboxEngine engine;
  private final HostRebindings rebindings;

  /** Other hosts that were logged. There are few, and each concerns many sandboxes. */
  private final Set<OtherHost> logged = ConcurrentHashMap.newKeySet();

  /** Endpoints that the engine reported, by instance. */
  private final Map<String, Confirmed> confirmed = new ConcurrentHashMap<>();

  /**
   * An endpoint that the engine reported.
   *
   * @param restarts of the engine before it did
   */
  private record Confirmed(SandboxEndpoint endpoint, int restarts) {}

  private record OtherHost(String engine, String host, String own) {}

  /**
   * Creates the sandboxes of an engine.
   *
   * @param rebindings hosts that an operator rebound to another host
   */
  public Sandboxes(SandboxEngine engine, HostRebindings rebindings) {
    this.engine = engine;
    this.rebindings = rebindings;
  }

  /**
   * Returns the sandbox of an instance, whether it exists or not. If it is on an engine or a host
   * that this node does not have, each call of the sandbox fails with {@link
   * SandboxException.Reason#ELSEWHERE}.
   *
   * @param home the home volume in the instance's journal; if it is empty, the id of the sandbox is
   *     derived from the instance's id
   */
  public Sandbox of(String instanceId, Optional<HomeRef> home) {
    var derived = SandboxId.ofInstance(instanceId);
    return new Sandbox(
        engine, () -> home.map(it -> resolve(it, derived, () -> seen(it))).orElse(derived));
  }

  /**
   * Checks that this node has the host of an instance's sandbox. May block.
   *
   * @param home the home volume in the instance's journal; nothing is checked if it is empty
   * @throws SandboxException {@link SandboxException.Reason#ELSEWHERE} if it does not
   */
  public void requireHere(String instanceId, Optional<HomeRef> home) {
    home.ifPresent(
        it -> {
          var _ = resolve(it, SandboxId.ofInstance(instanceId), () -> seen(it));
        });
  }

  /**
   * Checks the same for a sandbox that the caller just observed.
   *
   * @param seen the sandbox of the instance, as this node's engine observed it
   */
  public void requireHere(Optional<HomeRef> home, SandboxObservation seen) {
    home.ifPresent(
        it -> {
          var _ = resolve(it, seen.id(), () -> seen);
        });
  }

  private SandboxObservation seen(HomeRef home) {
    return engine.observe(new SandboxId(home.sandbox().id()));
  }

  private SandboxId resolve(HomeRef home, SandboxId derived, Supplier<SandboxObservation> seen) {
    var ref = home.sandbox();
    var here = engine.ref(derived);
    if (isHere(home, here, seen)) return new SandboxId(ref.id());
    if (logged.add(new OtherHost(ref.engine(), ref.host(), here.host()))) {
      LOG.warn(
          "event=other-host host={} engine={} own={} own_engine={}: its sandboxes are not used;"
              + " move its home volumes to this host, or call RebindHost if they are lost",
          ref.host(),
          ref.engine(),
          here.host(),
          here.engine());
    }
    throw new SandboxException(
        SandboxException.Reason.ELSEWHERE,
        cannot(
            "use the sandbox",
            "this node does not have its host",
            "an operator must move its home volume to this host, or call RebindHost if it is lost"));
  }

  /** Most references name this host, so that neither the engine nor the database is queried. */
  private boolean isHere(HomeRef home, SandboxRef here, Supplier<SandboxObservation> seen) {
    var ref = home.sandbox();
    if (!ref.engine().equals(here.engine())) return false;
    if (ref.host().equals(here.host())) return true;
    if (seen.get().home().filter(found -> found == home.generation()).isPresent()) return true;
    return rebindings.reboundTo(ref.engine(), ref.host()).equals(Optional.of(here.host()));
  }

  /**
   * Returns whether the engine has reported this endpoint of an instance's gateway since it last
   * may have restarted. Otherwise another process may have its port, which must not receive a
   * token. Blocks, if the engine has not been asked since.
   *
   * @param home the home volume in the instance's journal, as in {@link #of}
   * @throws SandboxException if the engine does not respond or does not have the sandbox
   */
  public boolean isCurrent(String instanceId, Optional<HomeRef> home, SandboxEndpoint endpoint) {
    // Read first. If the engine restarts during the query, its response does not count.
    var wanted = new Confirmed(endpoint, engine.restarts());
    if (wanted.equals(confirmed.get(instanceId))) return true;
    var reported = of(instanceId, home).observe().endpoint();
    if (!reported.equals(Optional.of(endpoint))) return false;
    if (confirmed.size() >= MAX_CONFIRMED) confirmed.clear();
    confirmed.put(instanceId, wanted);
    return true;
  }

  /** Returns whether the engine of this node responds. */
  public boolean responds() {
    try {
      var _ = engine.host().capacity();
      return true;
    } catch (SandboxException why) {
      LOG.warn("event=engine-unavailable message={}", why.getMessage());
      return false;
    }
  }

  /** Returns why the host does not isolate sandboxes ({@link SandboxHost#isolationFailure}). */
  public Optional<String> isolationFailure() {
    return engine.host().isolationFailure();
  }
}
