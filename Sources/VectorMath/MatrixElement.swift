/// A number that a ``Matrix`` can hold.
public protocol MatrixElement: BitwiseCopyable, Sendable {}

extension Float: MatrixElement {}
extension Float16: MatrixElement {}
extension BFloat16: MatrixElement {}
extension Int8: MatrixElement {}
extension UInt8: MatrixElement {}
extension Int32: MatrixElement {}
extension Int64: MatrixElement {}
