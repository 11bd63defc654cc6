package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.ListAuditEntriesRequest;
import dev.chowder.api.operator.v1.ListAuditEntriesResponse;
import dev.chowder.cli.command.Limits;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code audit}. */
@Command(name = "audit", description = "List the audit table")
public final class AuditCommand extends NodeCommand {
  @Command(
      name = "ls",
      description =
          "List reads of secrets and conversations, failed authentications and operators' calls,"
              + " newest first")
  void list(
      @Option(
              names = "--organization",
              paramLabel = "ID",
              description = "only entries of this organization")
          @Nullable String organization,
      @Option(
              names = "--limit",
              paramLabel = "NUMBER",
              defaultValue = "100",
              description = "most entries to list (default: 100)")
          int limit,
      @Mixin CallOptions options) {
    Limits.check("--limit", limit);
    var request = ListAuditEntriesRequest.newBuilder();
    if (organization != null) request.setOrganizationId(organization);
    var _ =
        print(
            pages(
                options,
                limit,
                "entries",
                (size, token) -> request.setPageSize(size).setPageToken(token).build()),
            options,
            ListAuditEntriesResponse.getDefaultInstance(),
            this::show);
  }

  private void show(ListAuditEntriesResponse response) {
    var table = new Table("TIME", "ACTION", "TIMES", "ORGANIZATION", "INSTANCE", "KEY", "ADDRESS");
    for (var entry : response.getEntriesList()) {
      table.row(
          Times.text(entry.getAt()),
          entry.getAction(),
          Integer.toString(entry.getTimes()),
          entry.getOrganizationId(),
          entry.getInstanceId(),
          entry.getKeyId(),
          entry.getAddress());
    }
    print(table);
  }
}
