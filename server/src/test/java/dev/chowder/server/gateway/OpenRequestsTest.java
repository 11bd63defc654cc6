package dev.chowder.server.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.chowder.server.stream.DrainSignal;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OpenRequestsTest {
  private final DrainSignal node = new DrainSignal();
  private final OpenRequests requests = new OpenRequests(1, node);
  private final List<String> answers = new ArrayList<>();

  /** Envoy then lets the request pass. */
  @Test
  void aNodeThatDrainsEndsTheStreamOfANewRequest() {
    node.begin();
    var request = requests.process(answers());
    request.onNext(ProcessingRequest.getDefaultInstance());
    request.onCompleted();
    assertThat(answers).containsExactly("completed");
  }

  @Test
  void aDrainEndsTheStreamsOfOpenRequestsOnce() {
    var request = requests.process(answers());
    node.begin();
    request.onCompleted();
    assertThat(answers).containsExactly("completed");
  }

  private StreamObserver<ProcessingResponse> answers() {
    return new StreamObserver<>() {
      @Override
      public void onNext(ProcessingResponse answer) {
        answers.add("answer");
      }

      @Override
      public void onError(Throwable failure) {
        answers.add("failure");
      }

      @Override
      public void onCompleted() {
        answers.add("completed");
      }
    };
  }
}
