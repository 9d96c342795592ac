public import LowRank
internal import VectorMath

/// The adapters that a service has over one base model, added, replaced and removed while it serves.
///
/// Thread-safe. Who encodes takes a ``snapshot`` and keeps it for the request: all its texts see the adapters of one moment, and
/// the spaces that it asks the snapshot for are those of the vectors that it got. A replaced adapter goes when the last
/// snapshot with it does.
public final class AdapterPool: Sendable {
    private let current: Guarded<MultiAdapterEncoder>
    private let base: TextEncoder

    /// A pool without adapters.
    public init(base: TextEncoder) throws(EncodersError) {
        let encoder = try MultiAdapterEncoder(base: base)
        self.base = encoder.base
        current = Guarded(encoder)
    }

    /// The adapters as they are now.
    public var snapshot: MultiAdapterEncoder { current.withLock { $0 } }

    /// Adds an adapter, or puts it in the place of the one of this name: in one moment, after it has been checked and prepared
    /// beside the requests that run. An adapter that does not fit leaves the pool as it is.
    public func set(_ adapter: LowRankAdapter, as name: String) throws(EncodersError) {
        let encoder = try base.adapted(by: adapter)
        current.withLock { $0.set(encoder, as: name) }
    }

    /// Removes an adapter; whether there was one of this name.
    @discardableResult
    public func remove(_ name: String) -> Bool { current.withLock { $0.remove(name) } }
}
