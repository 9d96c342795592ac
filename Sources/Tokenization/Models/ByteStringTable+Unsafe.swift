internal import CAttuneKernels

/// Numbers looked up by byte strings: a hash table that is built once.
final class ByteStringTable: @unchecked Sendable {
    /// Never changed once it is filled, so that any thread may look in it.
    private let table: OpaquePointer

    /// - Parameter keys: Each with a number from 0 to 2²⁴-1. Of equal ones the first counts.
    init(_ keys: [(bytes: [UInt8], value: Int32)]) {
        guard let table = attune_byte_table_create(keys.count) else { fatalError("no memory for \(keys.count) keys") }
        self.table = table
        for (bytes, value) in keys {
            let present = bytes.withUnsafeBufferPointer {
                attune_byte_table_insert(table, $0.baseAddress, $0.count, value)
            }
            precondition(present != -2, "a key of a byte string table has the value \(value), or memory is short")
        }
    }

    deinit { attune_byte_table_free(table) }

    /// How many keys there are.
    var count: Int { attune_byte_table_count(table) }

    /// The longest key, in bytes.
    var maximumLength: Int { attune_byte_table_maximum_length(table) }

    /// The number of a key; -1 where it is not in the table. O(length of the key).
    func value(of key: Span<UInt8>) -> Int32 {
        key.withUnsafeBufferPointer { attune_byte_table_find(table, $0.baseAddress, $0.count) }
    }
}
