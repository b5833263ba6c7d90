package com.aws.greengrass.docs.samples.ipc.util;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import software.amazon.awssdk.crt.io.ClientBootstrap;
import software.amazon.awssdk.crt.io.EventLoopGroup;
import software.amazon.awssdk.crt.io.SocketOptions;
import software.amazon.awssdk.eventstreamrpc.EventStreamRPCConnection;
import software.amazon.awssdk.eventstreamrpc.EventStreamRPCConnectionConfig;
import software.amazon.awssdk.eventstreamrpc.GreengrassConnectMessageSupplier;

/** What the examples get their connection from: made with nothing but the two variables of a component's environment. */
public final class IPCUtils {
    /** A Unix domain socket has none, and the SDK wants one. */
    private static final int ANY_PORT = 8033;

    private IPCUtils() {
    }

    public static EventStreamRPCConnection getEventStreamRpcConnection() throws ExecutionException, InterruptedException {
        SocketOptions options = new SocketOptions();
        options.domain = SocketOptions.SocketDomain.LOCAL;
        options.type = SocketOptions.SocketType.STREAM;
        options.connectTimeoutMs = 3000;
        try (EventLoopGroup loop = new EventLoopGroup(1); ClientBootstrap bootstrap = new ClientBootstrap(loop, null)) {
            EventStreamRPCConnection connection = new EventStreamRPCConnection(new EventStreamRPCConnectionConfig(
                    bootstrap, loop, options, null,
                    System.getenv("AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"), ANY_PORT,
                    GreengrassConnectMessageSupplier.connectMessageSupplier(System.getenv("SVCUID"))));
            CompletableFuture<Void> connected = new CompletableFuture<>();
            connection.connect(new EventStreamRPCConnection.LifecycleHandler() {
                @Override
                public void onConnect() {
                    connected.complete(null);
                }

                @Override
                public void onDisconnect(int errorCode) {
                    connected.completeExceptionally(new IllegalStateException("disconnected with " + errorCode));
                }

                @Override
                public boolean onError(Throwable error) {
                    connected.completeExceptionally(error);
                    return true;
                }
            });
            connected.get();
            return connection;
        }
    }
}
