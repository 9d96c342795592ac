internal import Glibc

/// A thread, to be compared with another.
package struct ThreadIdentity: Equatable, Sendable {
    private let value: UInt

    /// The thread of the caller.
    package static var current: ThreadIdentity { ThreadIdentity(value: UInt(pthread_self())) }
}
