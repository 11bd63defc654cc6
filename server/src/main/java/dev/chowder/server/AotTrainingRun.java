package dev.chowder.server;

import static dev.chowder.base.ErrorText.cannot;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import dev.chowder.api.v1.CreateInstanceRequest;
import dev.chowder.api.v1.CreateResponseRequest;
import dev.chowder.api.v1.DeleteInstanceRequest;
import dev.chowder.api.v1.GetInstanceRequest;
import dev.chowder.api.v1.Instance;
import dev.chowder.api.v1.InstanceServiceGrpc;
import dev.chowder.api.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import dev.chowder.api.v1.ListInstancesRequest;
import dev.chowder.api.v1.OrganizationServiceGrpc;
import dev.chowder.api.v1.SignUpRequest;
import dev.chowder.api.v1.StartInstanceRequest;
import dev.chowder.api.v1.StopInstanceRequest;
import dev.chowder.api.v1.UpdateOrganizationRequest;
import dev.chowder.api.v1.WatchInstanceRequest;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The training run for the JVM's AOT cache ({@code -XX:AOTCacheOutput}). Runs a node's typical
 * calls on simulated sandboxes. A JVM that uses the cache starts with loaded classes and knows the
 * hot code. Writes only to the given folder and the given storage, not to an installation.
 */
public final class AotTrainingRun {
  /** Enough for the JVM to find the hot code. */
  private static final int AGENTS = 60;

  private static final long CALL_SECONDS = 30;

  private final InstanceServiceBlockingStub instances;

  private AotTrainingRun(ManagedChannel channel, String apiKey) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + apiKey);
    this.instances =
        InstanceServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    var _ =
        OrganizationServiceGrpc.newBlockingStub(channel)
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .updateOrganization(
                UpdateOrganizationRequest.newBuilder().setModelEndpoints(endpoints()).build());
  }

  /**
   * Runs the training.
   *
   * @param args an empty folder, or the path of a folder to create; the class path of the
   *     simulator; and optionally a file with settings of the storage, which is an H2 file in that
   *     folder by default
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    var home = Files.createDirectories(Path.of(args[0]));
    var storage = args.length > 2 ? existing(Path.of(args[2])) : ConfigFactory.empty();
    var settings =
        Map.<String, Object>of(
            "chowder.host-ports.models",
            "1",
            "chowder.home",
            home.toString(),
            "chowder.bind",
            "127.0.0.1",
            "chowder.sign-up-open",
            "yes",
            "chowder.grpc.port",
            0,
            "chowder.operator.port",
            0,
            "chowder.monitoring.port",
            0,
            // The run makes more calls per second than a caller may.
            "chowder.rate.burst",
            1_000_000,
            "chowder.sandbox.engine",
            "simulated",
            "chowder.sandbox.simulator",
            args[1]);
    // Merge before resolving, because other settings refer to chowder.home.
    var config =
        ConfigFactory.load(
            ConfigFactory.parseMap(settings)
                .withFallback(storage)
                .withFallback(ConfigFactory.parseResources("application.conf")));
    try (var chowder = Chowder.start(config)) {
      var channel =
          NettyChannelBuilder.forAddress("127.0.0.1", chowder.grpcPort()).usePlaintext().build();
      try {
        var signedUp =
            OrganizationServiceGrpc.newBlockingStub(channel)
                .signUp(SignUpRequest.newBuilder().setName("training").build());
        var run = new AotTrainingRun(channel, signedUp.getApiKey());
        for (int n = 0; n < AGENTS; n++) run.runAgent(n);
      } finally {
        channel.shutdownNow().awaitTermination(CALL_SECONDS, TimeUnit.SECONDS);
      }
    }
  }

  /** Reads the file. Without it the run would train on another storage. */
  private static Config existing(Path file) {
    return ConfigFactory.parseFile(
        file.toFile(), ConfigParseOptions.defaults().setAllowMissing(false));
  }

  /** Returns an endpoint without a listener: the key check ends at once, without network. */
  private static Struct endpoints() {
    var endpoint =
        Struct.newBuilder()
            .putFields(
                "base_url", Value.newBuilder().setStringValue("http://localhost:1/v1").build())
            .putFields("model", Value.newBuilder().setStringValue("none").build());
    return Struct.newBuilder()
        .putFields("custom", Value.newBuilder().setStructValue(endpoint).build())
        .build();
  }

  /** Creates, uses and deletes one agent, with typical calls. */
  private void runAgent(int number) {
    var id =
        bounded()
            .createInstance(
                CreateInstanceRequest.newBuilder()
                    .setName("agent " + number)
                    .setModelProvider("custom")
                    .putLabels("number", Integer.toString(number))
                    .build())
            .getId();
    awaitRunning(id);
    var _ = bounded().getInstance(GetInstanceRequest.newBuilder().setInstanceId(id).build());
    var _ = bounded().listInstances(ListInstancesRequest.getDefaultInstance());
    bounded()
        .createResponse(
            CreateResponseRequest.newBuilder()
                .setInstanceId(id)
                .setBody(
                    HttpBody.newBuilder()
                        .setContentType("application/json")
                        .setData(ByteString.copyFromUtf8("{\"input\": \"Hello\"}")))
                .build())
        .forEachRemaining(_ -> {});
    var _ = bounded().stopInstance(StopInstanceRequest.newBuilder().setInstanceId(id).build());
    var _ = bounded().startInstance(StartInstanceRequest.newBuilder().setInstanceId(id).build());
    var _ = bounded().deleteInstance(DeleteInstanceRequest.newBuilder().setInstanceId(id).build());
  }

  private void awaitRunning(String id) {
    var watch =
        bounded().watchInstance(WatchInstanceRequest.newBuilder().setInstanceId(id).build());
    while (watch.hasNext()) {
      var seen = watch.next();
      if (seen.getStatus() == Instance.Status.running) return;
      if (seen.getStatus() == Instance.Status.error) {
        throw new IllegalStateException(cannot("start an agent", seen.getErrorMessage()));
      }
    }
    throw new IllegalStateException(
        cannot("start an agent", "the watch ended before the agent was running"));
  }

  /** Returns a stub with a deadline. */
  private InstanceServiceBlockingStub bounded() {
    return instances.withDeadlineAfter(CALL_SECONDS, TimeUnit.SECONDS);
  }
}
