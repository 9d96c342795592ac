extension ElementType {
    /// Numbers that stand densely in a file, at any alignment, as floats. An int64 beyond 2²⁴ loses its last digits.
    func floats(at address: UnsafeRawPointer, count: Int) -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            initializedCount = count
            guard count > 0, let start = buffer.baseAddress else { return }
            switch self {
            case .float32: UnsafeMutableRawPointer(start).copyMemory(from: address, byteCount: count * size)
            case .float16: ElementType.convert(address, as: Float16.self, into: buffer, count) { Float($0) }
            case .int8: ElementType.convert(address, as: Int8.self, into: buffer, count) { Float($0) }
            case .uint8: ElementType.convert(address, as: UInt8.self, into: buffer, count) { Float($0) }
            case .int32: ElementType.convert(address, as: Int32.self, into: buffer, count) { Float($0) }
            case .int64: ElementType.convert(address, as: Int64.self, into: buffer, count) { Float($0) }
            }
        }
    }

    @inline(__always)
    private static func convert<T: BitwiseCopyable>(
        _ address: UnsafeRawPointer, as type: T.Type, into buffer: UnsafeMutableBufferPointer<Float>, _ count: Int,
        _ float: (T) -> Float
    ) {
        for index in 0..<count {
            let value = address.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
            buffer.initializeElement(at: index, to: float(value))
        }
    }
}
