package dev.chowder.cluster;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A DNS server that returns the same IPv4 addresses for every name, and no others. */
final class NameServer implements AutoCloseable {
  private static final int HEADER_BYTES = 12;
  private static final int MAX_BYTES = 512;
  private static final short TYPE_A = 1;
  private static final short CLASS_IN = 1;
  private static final short ANSWER_WITHOUT_ERROR = (short) 0x8180;
  private static final short POINTER_TO_THE_QUERIED_NAME = (short) 0xC00C;
  private static final int TTL_SECONDS = 1;

  private final DatagramSocket socket;
  private final List<byte[]> addresses;

  NameServer(String... addresses) throws IOException {
    this.socket = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    this.addresses = Arrays.stream(addresses).map(NameServer::bytes).toList();
    Thread.ofVirtual().name("name-server").start(this::serve);
  }

  private static byte[] bytes(String address) {
    return InetAddress.ofLiteral(address).getAddress();
  }

  String address() {
    return "127.0.0.1:" + socket.getLocalPort();
  }

  private void serve() {
    try {
      while (true) {
        var packet = new DatagramPacket(new byte[MAX_BYTES], MAX_BYTES);
        socket.receive(packet);
        var answer = answer(Arrays.copyOf(packet.getData(), packet.getLength()));
        socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }

  private byte[] answer(byte[] query) {
    int end = HEADER_BYTES;
    while (query[end] != 0) end += query[end] + 1;
    end += 1;
    short type = ByteBuffer.wrap(query).getShort(end);
    end += 2 * Short.BYTES;
    var found = type == TYPE_A ? addresses : List.<byte[]>of();
    var answer = ByteBuffer.allocate(MAX_BYTES);
    answer.put(query, 0, Short.BYTES).putShort(ANSWER_WITHOUT_ERROR);
    answer
        .putShort((short) 1)
        .putShort((short) found.size())
        .putShort((short) 0)
        .putShort((short) 0);
    answer.put(query, HEADER_BYTES, end - HEADER_BYTES);
    for (var address : found) {
      answer.putShort(POINTER_TO_THE_QUERIED_NAME).putShort(TYPE_A).putShort(CLASS_IN);
      answer.putInt(TTL_SECONDS).putShort((short) address.length).put(address);
    }
    return Arrays.copyOf(answer.array(), answer.position());
  }

  @Override
  public void close() {
    socket.close();
  }
}
