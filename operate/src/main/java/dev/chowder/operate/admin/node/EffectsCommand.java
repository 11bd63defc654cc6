package dev.chowder.operate.admin.node;

import dev.chowder.api.operator.v1.ListPendingEffectsRequest;
import dev.chowder.api.operator.v1.ListPendingEffectsResponse;
import dev.chowder.cli.output.Table;
import dev.chowder.cli.output.Times;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code effects}. */
@Command(name = "effects", description = "List work that instances wait for")
public final class EffectsCommand extends NodeCommand {
  @Command(name = "ls", description = "List up to 1000 pending effects, oldest first")
  void list(@Mixin CallOptions options) {
    show(
        options,
        ListPendingEffectsRequest.getDefaultInstance(),
        ListPendingEffectsResponse.getDefaultInstance(),
        response -> {
          var table = new Table("INSTANCE", "ORGANIZATION", "STATUS", "EFFECT", "SINCE");
          for (var effect : response.getPendingEffectsList()) {
            table.row(
                effect.getInstanceId(),
                effect.getOrganizationId(),
                effect.getStatus(),
                effect.getEffect(),
                Times.text(effect.getSince()));
          }
          print(table);
        });
  }
}
