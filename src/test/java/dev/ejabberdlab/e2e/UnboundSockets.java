package dev.ejabberdlab.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;

/** Gives sockets that their users connect, and no others. */
abstract class UnboundSockets extends SocketFactory {

  @Override
  public abstract Socket createSocket() throws IOException;

  @Override
  public final Socket createSocket(String host, int port) {
    throw refused();
  }

  @Override
  public final Socket createSocket(String host, int port, InetAddress local, int localPort) {
    throw refused();
  }

  @Override
  public final Socket createSocket(InetAddress host, int port) {
    throw refused();
  }

  @Override
  public final Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) {
    throw refused();
  }

  private static UnsupportedOperationException refused() {
    return new UnsupportedOperationException("Take a socket without an address and connect it.");
  }
}
