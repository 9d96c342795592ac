internal import VectorMath

extension TensorType {
    /// Converts elements at any alignment to floats.
    func convert(_ bytes: UnsafeRawBufferPointer, to floats: UnsafeMutableBufferPointer<Float>) {
        switch self {
        case .float32: UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
        case .float16:
            if let source: UnsafePointer<Float16> = TensorType.aligned(bytes), let target = floats.baseAddress {
                Convert.floats(from: source, into: target, count: floats.count)
            } else {
                TensorType.map(bytes, Float16.self, floats) { Float($0) }
            }
        case .bfloat16:
            if let source: UnsafePointer<BFloat16> = TensorType.aligned(bytes), let target = floats.baseAddress {
                Convert.floats(from: source, into: target, count: floats.count)
            } else {
                TensorType.map(bytes, BFloat16.self, floats) { Float($0) }
            }
        case .float64: TensorType.map(bytes, Double.self, floats) { Float($0) }
        case .boolean: TensorType.map(bytes, UInt8.self, floats) { $0 == 0 ? 0 : 1 }
        case .uint8: TensorType.map(bytes, UInt8.self, floats) { Float($0) }
        case .int8: TensorType.map(bytes, Int8.self, floats) { Float($0) }
        case .int16: TensorType.map(bytes, Int16.self, floats) { Float($0) }
        case .uint16: TensorType.map(bytes, UInt16.self, floats) { Float($0) }
        case .int32: TensorType.map(bytes, Int32.self, floats) { Float($0) }
        case .uint32: TensorType.map(bytes, UInt32.self, floats) { Float($0) }
        case .int64: TensorType.map(bytes, Int64.self, floats) { Float($0) }
        case .uint64: TensorType.map(bytes, UInt64.self, floats) { Float($0) }
        }
    }

    /// Converts floats to the bytes of this type, rounding to the nearest, ties to even.
    ///
    /// - Precondition: The type is one that `SafetensorsWriter` writes floats as.
    func bytes(of floats: UnsafeBufferPointer<Float>) -> [UInt8] {
        switch self {
        case .float32: Array(UnsafeRawBufferPointer(floats))
        case .float16: TensorType.bytes(count: floats.count, floats, Convert.float16s)
        case .bfloat16: TensorType.bytes(count: floats.count, floats, Convert.bfloat16s)
        default: preconditionFailure("floats are not written as \(rawValue)")
        }
    }

    private static func bytes<T: BitwiseCopyable>(
        count: Int, _ floats: UnsafeBufferPointer<Float>,
        _ convert: (UnsafePointer<Float>, UnsafeMutablePointer<T>, Int) -> Void
    ) -> [UInt8] {
        guard let source = floats.baseAddress else { return [] }
        let elements = [T](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            if let target = buffer.baseAddress { convert(source, target, count) }
            initializedCount = count
        }
        return elements.withUnsafeBytes { Array($0) }
    }

    /// The bytes as elements, where their address allows it.
    private static func aligned<T: BitwiseCopyable>(_ bytes: UnsafeRawBufferPointer) -> UnsafePointer<T>? {
        guard let address = bytes.baseAddress, Int(bitPattern: address) % MemoryLayout<T>.alignment == 0 else {
            return nil
        }
        return address.assumingMemoryBound(to: T.self)
    }

    @inline(__always)
    private static func map<T: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, _ type: T.Type, _ floats: UnsafeMutableBufferPointer<Float>,
        _ convert: (T) -> Float
    ) {
        for index in 0..<floats.count {
            let value = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
            floats.initializeElement(at: index, to: convert(value))
        }
    }
}
