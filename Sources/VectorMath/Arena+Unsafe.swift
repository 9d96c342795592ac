/// One run of memory that buffers are cut from: aligned to 64 bytes, on huge pages where it is large.
///
/// The buffers live as long as the arena.
public final class Arena {
    private let storage: MatrixStorage
    private let capacity: Int
    private var used = 0

    /// Room for `byteCount` bytes; what is in them is anything.
    public init(byteCount: Int) {
        capacity = byteCount
        storage = MatrixStorage(byteCount: byteCount, zeroed: false)
    }

    /// The bytes that ``take(_:count:)`` uses up for so many values.
    public static func byteCount<Element>(of type: Element.Type, count: Int) -> Int {
        (count * MemoryLayout<Element>.stride + 63) / 64 * 64
    }

    /// The next `count` values.
    public func take<Element: BitwiseCopyable>(_ type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let start = used
        used += Self.byteCount(of: type, count: count)
        precondition(used <= capacity, "an arena of \(capacity) bytes has no room for \(count) more values")
        return (storage.base + start).bindMemory(to: type, capacity: count)
    }
}
