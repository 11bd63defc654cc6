package dev.chowder.openclaw.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

public class MergePatchTest {
  @Test
  void objectsMergeNullRemovesAndOtherValuesReplace() throws Exception {
    var target = json("{'a': {'b': 1, 'c': [1, 2]}, 'd': 1}");
    MergePatch.apply(target, json("{'a': {'b': null, 'c': [3]}, 'd': {'e': null, 'f': 2}}"));
    assertThat(target).isEqualTo(json("{'a': {'c': [3]}, 'd': {'f': 2}}"));
  }

  @Test
  void aPatchDoesNotShareNodesWithItsTarget() throws Exception {
    var patch = json("{'a': [1]}");
    var target = json("{}");
    MergePatch.apply(target, patch);
    target.withArray("a").add(2);
    assertThat(patch).isEqualTo(json("{'a': [1]}"));
  }

  @Test
  void removingAnObjectAndCreatingANewOneCannotBeJoined() throws Exception {
    assertThat(MergePatch.join(json("{'a': null}"), json("{'a': {'b': 1}}"))).isEmpty();
    assertThat(MergePatch.join(json("{'a': 5}"), json("{'a': {'b': 1}}"))).isEmpty();
    assertThat(MergePatch.join(json("{'a': {'b': 1}}"), json("{'a': null}")))
        .contains(json("{'a': null}"));
  }

  @Test
  void aJoinedPatchHasTheEffectOfBothPatches() {
    var random = new Random(7);
    int joinedPatches = 0;
    for (int round = 0; round < 2000; round++) {
      var first = randomObject(random, 3, true);
      var second = randomObject(random, 3, true);
      var target = randomObject(random, 3, false);
      var joined = MergePatch.join(first, second);
      if (joined.isEmpty()) continue;
      joinedPatches++;
      var expected = target.deepCopy();
      MergePatch.apply(expected, first);
      MergePatch.apply(expected, second);
      MergePatch.apply(target, joined.get());
      assertThat(target).isEqualTo(expected);
    }
    assertThat(joinedPatches).isGreaterThan(500);
  }

  private static ObjectNode randomObject(Random random, int depth, boolean nulls) {
    var object = OpenClawConfig.JSON.createObjectNode();
    for (var name : names(random)) {
      switch (random.nextInt(4)) {
        case 0 -> object.put(name, random.nextInt(3));
        case 1 -> {
          if (nulls) object.putNull(name);
        }
        default -> {
          if (depth > 0) object.set(name, randomObject(random, depth - 1, nulls));
        }
      }
    }
    return object;
  }

  private static List<String> names(Random random) {
    var names = new ArrayList<String>();
    for (var name : List.of("a", "b", "c")) if (random.nextBoolean()) names.add(name);
    return names;
  }

  public static ObjectNode json(String text) throws Exception {
    return (ObjectNode) OpenClawConfig.JSON.readTree(text);
  }
}
