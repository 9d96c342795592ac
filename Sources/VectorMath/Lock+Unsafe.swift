internal import Glibc

/// A pthread mutex at a fixed address.
final class Lock: @unchecked Sendable {
    fileprivate let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

    init() {
        mutex.initialize(to: pthread_mutex_t())
        precondition(pthread_mutex_init(mutex, nil) == 0, "a mutex cannot be made")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func lock() { pthread_mutex_lock(mutex) }
    func unlock() { pthread_mutex_unlock(mutex) }
}

/// A pthread condition variable at a fixed address.
final class Condition: @unchecked Sendable {
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init() {
        condition.initialize(to: pthread_cond_t())
        precondition(pthread_cond_init(condition, nil) == 0, "a condition variable cannot be made")
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    func wait(_ lock: Lock) { pthread_cond_wait(condition, lock.mutex) }
    func signal() { pthread_cond_signal(condition) }
}
