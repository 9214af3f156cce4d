import { init, registerMap, use } from 'echarts/core';
import { BarChart, MapChart } from 'echarts/charts';
import { GridComponent, TooltipComponent } from 'echarts/components';
import { CanvasRenderer } from 'echarts/renderers';
use([BarChart, MapChart, GridComponent, TooltipComponent, CanvasRenderer]);
export { init, registerMap };
