package dev.chowder.cli.channel;

import dev.chowder.cli.command.Candidates;
import dev.chowder.cli.instance.InstanceArgument;
import dev.chowder.client.Api;
import dev.chowder.client.Call;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The first two arguments of commands on one channel: the instance, and the channel. */
final class ChannelArguments {
  @Mixin private InstanceArgument instance = new InstanceArgument();

  @Parameters(
      index = "1",
      paramLabel = "CHANNEL",
      completionCandidates = Candidates.Channels.class,
      description = "such as telegram")
  private String name = "";

  String name() {
    return name;
  }

  /** Returns the path of the channel in the API. Calls the server if the instance has a name. */
  String path(Api api) {
    return instance.path(api) + "/channels/" + Call.segment(name);
  }
}
