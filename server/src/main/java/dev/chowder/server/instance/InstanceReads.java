package dev.chowder.server.instance;

import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceChange;
import dev.chowder.api.v1.ListInstanceEventsRequest;
import dev.chowder.api.v1.ListInstanceEventsResponse;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.ListInstancesResponse;
import dev.chowder.api.v1.LogLine;
import dev.chowder.api.v1.TailLogsRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import dev.chowder.api.v1.WatchInstancesRequest;
import dev.chowder.instance.InstanceCommand;
import dev.chowder.instance.InstanceId;
import dev.chowder.instance.InstanceReadRows;
import dev.chowder.instance.InstanceReply;
import dev.chowder.instance.InstanceView;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.call.ActorReplies;
import dev.chowder.server.error.ApiError;
import dev.chowder.server.error.RejectionErrors;
import dev.chowder.server.watch.FleetWatch;
import dev.chowder.server.watch.FleetWatchSettings;
import dev.chowder.server.watch.FleetWatches;
import dev.chowder.server.watch.WatchStream;
import dev.chowder.storage.EventRows;
import dev.chowder.storage.InstanceRows;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Clock;
import java.util.Optional;

/** Lists and watches the instances of an organization, their events and their logs. Blocks. */
public final class InstanceReads {
  private final InstancePresenter presenter;
  private final InstanceClient client;
  private final InstanceRows rows;
  private final EventRows events;
  private final InstanceLogs logs;
  private final FleetWatches fleets;

  public InstanceReads(
      InstancePresenter presenter,
      InstanceClient client,
      InstanceRows rows,
      EventRows events,
      InstanceLogs logs,
      FleetWatchSettings watches,
      Clock clock) {
    this.presenter = presenter;
    this.client = client;
    this.rows = rows;
    this.events = events;
    this.logs = logs;
    this.fleets = new FleetWatches(events, rows, new Fleet(), watches, clock);
  }

  /** Returns a page of the caller's instances. */
  ListInstancesResponse list(Caller caller, ListInstancesRequest request) {
    var wanted = InstanceRequests.listing(request);
    // One more row than requested shows whether there is another page.
    var page =
        rows.list(caller.organizationId(), wanted.filter(), wanted.pageSize() + 1, wanted.after());
    var views = page.stream().limit(wanted.pageSize()).map(InstanceReadRows::view).toList();
    var shown = presenter.beginning(views);
    var response = ListInstancesResponse.newBuilder().addAllInstances(presenter.instances(shown));
    if (page.size() > shown.size()) {
      response.setNextPageToken(page.get(shown.size() - 1).position());
    }
    return response.build();
  }

  /** Returns a page of the events of one instance, or of all instances of the caller. */
  ListInstanceEventsResponse events(Caller caller, ListInstanceEventsRequest request) {
    var wanted = InstanceRequests.history(request);
    var organization = caller.organizationId();
    long before = wanted.before().orElse(Long.MAX_VALUE);
    int oneMore = wanted.pageSize() + 1;
    var page =
        wanted
            .instanceId()
            .map(InstanceId::new)
            .map(
                id ->
                    events.ofEntity(
                        organization, EventPresenter.persistenceId(id), before, oneMore))
            .orElseGet(() -> events.ofOrganization(organization, before, oneMore));
    // An instance that ever existed has at least one event.
    boolean unknown = page.isEmpty() && wanted.before().isEmpty();
    if (unknown && wanted.instanceId().isPresent()) throw ApiError.instanceNotFound();
    var response = ListInstanceEventsResponse.newBuilder();
    page.stream().limit(wanted.pageSize()).map(EventPresenter::event).forEach(response::addEvents);
    if (page.size() > wanted.pageSize()) {
      response.setNextPageToken(response.getEvents(wanted.pageSize() - 1).getId());
    }
    return response.build();
  }

  /** Streams the states of one instance. Call it on the call's own thread. */
  void watch(Caller caller, WatchInstanceRequest request, ServerCallStreamObserver<Instance> out) {
    var wanted = InstanceRequests.watching(request);
    var view = client.get(caller, new InstanceId(wanted.instanceId()));
    var stream =
        new WatchStream<>(
            out,
            presenter::instance,
            refused -> RejectionErrors.of(refused.why()),
            wanted.afterRevision().isPresent()
                ? Optional.of(wanted.afterRevision().getAsInt())
                : Optional.empty());
    stream.begin(listener -> client.instances().watch(view.id(), listener), client.drain());
  }

  /** Streams the changes of all instances of the caller. Call it on the call's own thread. */
  void watchAll(
      Caller caller, WatchInstancesRequest request, ServerCallStreamObserver<InstanceChange> out) {
    fleets.open(caller.organizationId(), InstanceRequests.cursor(request), out, client.drain());
  }

  /** Streams the log of a gateway. Call it on the call's own thread. */
  void tailLogs(Caller caller, TailLogsRequest request, ServerCallStreamObserver<LogLine> out) {
    logs.tail(caller, InstanceRequests.tail(request), out);
  }

  /** Returns an instance for a watch of all instances. */
  private final class Fleet implements FleetWatch.Fleet {
    @Override
    public Optional<InstanceView> ask(InstanceId id) {
      var reply =
          ActorReplies.await(client.instances().ask(id, InstanceCommand.Get::new), "the instance");
      return reply instanceof InstanceReply.Accepted(var view)
          ? Optional.of(view)
          : Optional.empty();
    }

    @Override
    public Instance present(InstanceView view) {
      return presenter.instance(view);
    }
  }
}
