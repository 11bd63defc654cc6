package dev.chowder.server.channel;

import static dev.chowder.server.stream.Unary.answer;

import com.google.protobuf.Empty;
import dev.chowder.api.v1.Channel;
import dev.chowder.api.v1.ChannelServiceGrpc;
import dev.chowder.api.v1.ChannelStatus;
import dev.chowder.api.v1.ConnectChannelRequest;
import dev.chowder.api.v1.ConnectChannelResponse;
import dev.chowder.api.v1.DisconnectChannelRequest;
import dev.chowder.api.v1.GetChannelRequest;
import dev.chowder.api.v1.GetChannelStatusRequest;
import dev.chowder.api.v1.ListChannelsRequest;
import dev.chowder.api.v1.ListChannelsResponse;
import dev.chowder.api.v1.ListPairingsRequest;
import dev.chowder.api.v1.ListPairingsResponse;
import dev.chowder.api.v1.PairChannelRequest;
import dev.chowder.api.v1.PairChannelResponse;
import dev.chowder.gateway.StoredChannels;
import dev.chowder.server.auth.Caller;
import dev.chowder.server.instance.InstanceClient;
import io.grpc.stub.StreamObserver;
import java.util.Optional;

/**
 * Serves {@code ChannelService}: parses requests, runs them with {@link InstanceChannels} and
 * {@link ChannelPairings}, and presents the results.
 */
public final class ChannelGrpcService extends ChannelServiceGrpc.ChannelServiceImplBase {
  private final ChannelRequests requests;
  private final ChannelPresenter presenter;
  private final InstanceChannels channels;
  private final ChannelPairings pairings;
  private final InstanceClient client;
  private final StoredChannels stored;

  public ChannelGrpcService(
      ChannelRequests requests,
      ChannelPresenter presenter,
      InstanceChannels channels,
      ChannelPairings pairings,
      InstanceClient client,
      StoredChannels stored) {
    this.requests = requests;
    this.presenter = presenter;
    this.channels = channels;
    this.pairings = pairings;
    this.client = client;
    this.stored = stored;
  }

  @Override
  public void listChannels(ListChannelsRequest request, StreamObserver<ListChannelsResponse> out) {
    var id = ChannelRequests.instance(request.getInstanceId());
    var view = client.get(Caller.current(), id);
    var records = stored.all(id, view.profile().config().channels());
    var response = ListChannelsResponse.newBuilder();
    for (var channel : dev.chowder.openclaw.config.Channel.values()) {
      response.addChannels(
          presenter.channel(id, channel, Optional.ofNullable(records.get(channel))));
    }
    answer(out, response.build());
  }

  @Override
  public void getChannel(GetChannelRequest request, StreamObserver<Channel> out) {
    var named = ChannelRequests.named(request.getInstanceId(), request.getChannel());
    answer(
        out,
        presenter.channel(
            named.instance(), named.channel(), channels.record(Caller.current(), named)));
  }

  @Override
  public void connectChannel(
      ConnectChannelRequest request, StreamObserver<ConnectChannelResponse> out) {
    var wanted = requests.connection(request);
    var named = wanted.named();
    var response = channels.connect(Caller.current(), wanted).toBuilder();
    presenter.webhookUrl(named.instance(), named.channel()).ifPresent(response::setWebhookUrl);
    answer(out, response.build());
  }

  @Override
  public void disconnectChannel(DisconnectChannelRequest request, StreamObserver<Empty> out) {
    channels.disconnect(
        Caller.current(), ChannelRequests.named(request.getInstanceId(), request.getChannel()));
    answer(out, Empty.getDefaultInstance());
  }

  @Override
  public void getChannelStatus(GetChannelStatusRequest request, StreamObserver<ChannelStatus> out) {
    var named = ChannelRequests.named(request.getInstanceId(), request.getChannel());
    answer(out, ChannelPresenter.status(named.channel(), channels.status(Caller.current(), named)));
  }

  @Override
  public void listPairings(ListPairingsRequest request, StreamObserver<ListPairingsResponse> out) {
    var named = ChannelRequests.named(request.getInstanceId(), request.getChannel());
    var response = ListPairingsResponse.newBuilder();
    pairings.list(Caller.current(), named).stream()
        .map(ChannelPresenter::pairing)
        .forEach(response::addPairings);
    answer(out, response.build());
  }

  @Override
  public void pairChannel(PairChannelRequest request, StreamObserver<PairChannelResponse> out) {
    var wanted = ChannelRequests.pair(request);
    var sender = pairings.approve(Caller.current(), wanted);
    var response =
        PairChannelResponse.newBuilder()
            .setChannel(wanted.named().channel().id())
            .setStatus("approved")
            .setOutput("Pairing approved for user " + sender + ".");
    wanted.code().ifPresent(response::setCode);
    answer(out, response.build());
  }
}
