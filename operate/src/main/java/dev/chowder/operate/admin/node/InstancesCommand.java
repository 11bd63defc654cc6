package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.ListInstancesRequest;
import dev.chowder.api.operator.v1.ListInstancesResponse;
import dev.chowder.api.operator.v1.RecoverInstancesRequest;
import dev.chowder.api.operator.v1.RecoverInstancesResponse;
import dev.chowder.api.operator.v1.StopInstanceRequest;
import dev.chowder.api.operator.v1.StopInstanceResponse;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.failure.CommandException;
import dev.chowder.cli.failure.ExitCode;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command {@code instances}. */
@Command(
    name = "instances",
    description = "List and stop instances of any organization, and recover many")
public final class InstancesCommand extends NodeCommand {
  @Command(name = "ls", description = "List instances of all organizations, newest first")
  void list(
      @Option(
              names = "--status",
              paramLabel = "STATUS",
              description = "only instances with this status, such as error")
          @Nullable String status,
      @Option(
              names = "--organization",
              paramLabel = "ID",
              description = "only instances of this organization")
          @Nullable String organization,
      @Option(
              names = "--limit",
              paramLabel = "NUMBER",
              defaultValue = "100",
              description = "most instances to list (default: 100)")
          int limit,
      @Mixin CallOptions options) {
    Limits.check("--limit", limit);
    var request = ListInstancesRequest.newBuilder();
    if (status != null) request.setStatus(status);
    if (organization != null) request.setOrganizationId(organization);
    var _ =
        print(
            pages(
                options,
                limit,
                "instances",
                (size, token) -> request.setPageSize(size).setPageToken(token).build()),
            options,
            ListInstancesResponse.getDefaultInstance(),
            this::show);
  }

  private void show(ListInstancesResponse response) {
    var table =
        new Table("INSTANCE", "ORGANIZATION", "NAME", "STATUS", "UPDATED", "REASON", "MESSAGE");
    for (var one : response.getInstancesList()) {
      table.row(
          one.getId(),
          one.getOrganizationId(),
          one.getName(),
          one.getStatus(),
          Times.text(one.getUpdatedAt()),
          one.getErrorReason(),
          one.getErrorMessage());
    }
    print(table);
  }

  @Command(
      description =
          "Stop running instances and end their processes, which a stop by their owner may only"
              + " freeze")
  void stop(
      @Parameters(paramLabel = "ID", arity = "1..*", description = "ids of instances")
          List<String> ids,
      @Mixin CallOptions options) {
    CommandException failure = null;
    for (var id : ids) {
      try {
        show(
            options,
            StopInstanceRequest.newBuilder().setInstanceId(id).build(),
            StopInstanceResponse.getDefaultInstance(),
            response -> say(id + " is " + response.getStatus()));
      } catch (CommandException failed) {
        // The others are stopped, too. The last failure becomes that of the command.
        if (failure != null) say("chowder: " + failure.getMessage());
        failure = failed.code().failure(id + ": " + failed.getMessage(), failed);
      }
    }
    if (failure != null) throw failure;
  }

  @Command(
      description =
          "Recover instances in error one after another, until the host has no memory for the next"
              + " one")
  void recover(
      @Option(
              names = "--error-reason",
              paramLabel = "REASON",
              description = "only instances that failed for this reason, such as ELSEWHERE")
          @Nullable String errorReason,
      @Option(
              names = "--organization",
              paramLabel = "ID",
              description = "only instances of this organization")
          @Nullable String organization,
      @Mixin CallOptions options) {
    var request = RecoverInstancesRequest.newBuilder();
    if (errorReason != null) request.setErrorReason(errorReason);
    if (organization != null) request.setOrganizationId(organization);
    var response =
        call(options, request.build(), RecoverInstancesResponse.getDefaultInstance(), this::show);
    if (response.getLeft() > 0 || response.getRefusedCount() > 0) {
      throw ExitCode.CONFLICT.failure(
          "cannot recover all instances: %d were rejected, and %d were not tried, because the host"
                  .formatted(response.getRefusedCount(), response.getLeft())
              + " has no memory or the engine does not answer; run this again later");
    }
  }

  private void show(RecoverInstancesResponse response) {
    if (response.getRefusalsCount() > 0) {
      var table = new Table("INSTANCE", "REASON", "MESSAGE");
      for (var refused : response.getRefusalsList()) {
        table.row(refused.getInstanceId(), refused.getReason(), refused.getMessage());
      }
      print(table);
    }
    say("%d instances are starting.".formatted(response.getRecovered()));
  }
}
